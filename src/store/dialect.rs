//! The one place that names a database.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migrate as _, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Row as _, SqlStr, Sqlite};

use super::StoreError;

pub(super) type Db = Sqlite;
pub(super) type Pool = sqlx::SqlitePool;
pub(super) type Transaction = sqlx::Transaction<'static, Sqlite>;
pub(super) type Row = sqlx::sqlite::SqliteRow;

/// The schema, version by version.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("migrations/0001_first.sql")),
    (10, "plainest", include_str!("migrations/0010_plainest.sql")),
    (20, "routing", include_str!("migrations/0020_routing.sql")),
    (21, "sick", include_str!("migrations/0021_sick.sql")),
    (30, "threads", include_str!("migrations/0030_threads.sql")),
    (35, "seen", include_str!("migrations/0035_seen.sql")),
    (40, "topology", include_str!("migrations/0040_topology.sql")),
    (50, "aggregates", include_str!("migrations/0050_aggregates.sql")),
    (60, "parts", include_str!("migrations/0060_parts.sql")),
    (61, "memory", include_str!("migrations/0061_memory.sql")),
    (65, "silence", include_str!("migrations/0065_silence.sql")),
    (66, "life", include_str!("migrations/0066_life.sql")),
    (67, "flap", include_str!("migrations/0067_flap.sql")),
    (70, "reports", include_str!("migrations/0070_reports.sql")),
    (71, "spans over", include_str!("migrations/0071_spans_over.sql")),
    (72, "kept", include_str!("migrations/0072_kept.sql")),
    (80, "names", include_str!("migrations/0080_names.sql")),
    (90, "accounts", include_str!("migrations/0090_accounts.sql")),
    (92, "engines", include_str!("migrations/0092_engines.sql")),
];

/// The function that puts the texts of many rows together, parted by its second argument.
pub(super) const TOGETHER: &str = "group_concat";

/// How long a write waits for another process's short transaction.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file: WAL, `synchronous=FULL`, foreign keys, one connection, so one writer; then brings the schema up to date.
pub(super) async fn open(file: &Path) -> Result<Pool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        // What is deleted gives its space back, step by step.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        // 2 MiB of pages: the working set is small, and the daemon is to stay so.
        .pragma("cache_size", "-2048")
        // What is emptied is gone from the disk, too: bodies hold people's names.
        .pragma("secure_delete", "ON");
    let told = |error: sqlx::Error| StoreError::from_database(&error, Some(file));
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        // SQLite ends a transaction by itself where the disk is full, and sqlx goes on counting it: such a connection is of
        // no more use. One whose rollback is only still on its way is given up with it; opening another costs little.
        .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options)
        .await
        .map_err(told)?;
    migrate(&pool, file).await?;
    Ok(pool)
}

async fn migrate(pool: &Pool, file: &Path) -> Result<(), StoreError> {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, SqlStr::from_static(sql), false)
        })
        .collect();
    let migrator = Migrator::with_migrations(migrations);
    let latest = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    let mut connection = pool.acquire().await.map_err(|e| StoreError::from_database(&e, Some(file)))?;
    connection.ensure_migrations_table(&migrator.table_name).await.map_err(|e| StoreError::from_migration(e, file))?;
    let applied = connection
        .list_applied_migrations(&migrator.table_name)
        .await
        .map_err(|e| StoreError::from_migration(e, file))?;
    if let Some(newer) = applied.iter().map(|migration| migration.version).max().filter(|version| *version > latest) {
        return Err(StoreError::Newer { file: file.to_path_buf(), version: newer, known: latest });
    }
    if applied.len() == MIGRATIONS.len() {
        return Ok(());
    }
    migrator.run_direct(None, &mut *connection, false).await.map_err(|e| StoreError::from_migration(e, file))
}

/// Begins a transaction that will write. It waits for the writer before it reads, so that what it read stays true.
pub(super) async fn begin(pool: &Pool) -> Result<Transaction, StoreError> {
    Ok(pool.begin_with("BEGIN IMMEDIATE").await?)
}

/// Gives up to so many free pages back to the disk. True where there are more.
pub(super) async fn give_back(pool: &Pool, pages: u32) -> Result<bool, StoreError> {
    let number = async |sql: &'static str| -> Result<i64, StoreError> {
        Ok(sqlx::query(sql).fetch_one(pool).await?.try_get(0)?)
    };
    let free = number("PRAGMA freelist_count").await?;
    if free == 0 {
        return Ok(false);
    }
    if number("PRAGMA auto_vacuum").await? != 2 {
        // A store from before space was given back is written anew, once; its own setting has been set at the opening.
        sqlx::query("VACUUM").execute(pool).await?;
        return Ok(false);
    }
    let sql = format!("PRAGMA incremental_vacuum({pages})");
    // Each row that is fetched frees a page.
    sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?;
    Ok(number("PRAGMA freelist_count").await? < free && free > i64::from(pages))
}

/// Leaves it to the machine when what is committed reaches the disk, for as long as the pool is open.
pub(super) async fn hurry(pool: &Pool) -> Result<(), StoreError> {
    sqlx::query("PRAGMA synchronous = OFF").execute(pool).await?;
    Ok(())
}

/// Writes the write-ahead log into the database, and empties it. False where somebody is reading it, so that it is emptied another
/// time.
pub(super) async fn empty_log(pool: &Pool) -> Result<bool, StoreError> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(pool).await?;
    Ok(row.try_get::<i64, _>(0)? == 0)
}

/// Every column that holds text, with its table.
pub(super) async fn texts(tx: &mut Transaction) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND t.name NOT LIKE '\\_%' ESCAPE '\\' AND c.type = 'TEXT'",
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What the database says of a failure, in our words.
pub(super) enum Failure {
    Busy,
    Full,
    Corrupt,
    NotADatabase,
    ReadOnly,
    CannotOpen,
    Other,
}

/// Reads `SQLite`'s result code, whose low byte is the primary one. <https://www.sqlite.org/rescode.html>
pub(super) fn failure(error: &dyn sqlx::error::DatabaseError) -> Failure {
    let code = error.code().and_then(|code| code.parse::<i64>().ok()).unwrap_or(0);
    match code & 0xff {
        5 | 6 => Failure::Busy,
        8 => Failure::ReadOnly,
        11 => Failure::Corrupt,
        13 => Failure::Full,
        14 => Failure::CannotOpen,
        26 => Failure::NotADatabase,
        _ => Failure::Other,
    }
}
