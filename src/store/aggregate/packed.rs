//! Many rows of whole numbers, read as few.
//!
//! A row by itself costs the driver more than the database: each of its cells is copied, and it is handed from thread to thread.
//! So each column of many rows comes as one text, which is read here.

use sqlx::{QueryBuilder, Row as _};

use crate::store::StoreError;
use crate::store::dialect::{Db, Pool, TOGETHER};

/// Asks for rows of whole numbers, `from` being all that follows `SELECT …`, and hands each to `take` with its `key`. Where `key`
/// is a column, `from` is to come in its order. What is in memory at a time is the text of one key.
pub(super) async fn each<const COLUMNS: usize>(
    pool: &Pool,
    key: Option<&str>,
    columns: [&str; COLUMNS],
    from: impl FnOnce(&mut QueryBuilder<Db>),
    mut take: impl FnMut(i64, [Option<i64>; COLUMNS]),
) -> Result<(), StoreError> {
    let mut sql = QueryBuilder::<Db>::new("SELECT ");
    sql.push(key.unwrap_or("0"));
    for column in columns {
        sql.push(", ").push(TOGETHER).push("(coalesce(").push(column).push(", ''), ',')");
    }
    sql.push(" ");
    from(&mut sql);
    if let Some(key) = key {
        sql.push(" GROUP BY ").push(key);
    }
    for row in sql.build().fetch_all(pool).await? {
        let key = row.try_get(0)?;
        let mut numbers = [Numbers::of(None); COLUMNS];
        for (column, numbers) in numbers.iter_mut().enumerate() {
            *numbers = Numbers::of(row.try_get(column + 1)?);
        }
        while numbers.first().is_some_and(|column| !column.is_over()) {
            take(key, std::array::from_fn(|column| numbers[column].take()));
        }
    }
    Ok(())
}

/// The numbers of one column, parted by commas; nothing between two of them is no number.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    /// What is left; none at the end.
    left: Option<&'a str>,
}

impl<'a> Numbers<'a> {
    /// No text is that of no rows.
    fn of(text: Option<&'a str>) -> Self {
        Self { left: text }
    }

    fn is_over(&self) -> bool {
        self.left.is_none()
    }

    fn take(&mut self) -> Option<i64> {
        let left = self.left?;
        let (number, left) = match left.split_once(',') {
            Some((number, left)) => (number, Some(left)),
            None => (left, None),
        };
        self.left = left;
        number.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_were_written() {
        for (text, told) in [
            (None, vec![]),
            (Some(""), vec![None]),
            (Some("7"), vec![Some(7)]),
            (Some("7,,-12,0"), vec![Some(7), None, Some(-12), Some(0)]),
            (Some(","), vec![None, None]),
            (Some("1793487600000,"), vec![Some(1_793_487_600_000), None]),
        ] {
            let mut numbers = Numbers::of(text);
            let mut all = Vec::new();
            while !numbers.is_over() {
                all.push(numbers.take());
            }
            assert_eq!(all, told, "{text:?}");
        }
    }
}
