//! A drawing as a picture, for readers that show no SVG.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// The one font that pictures are written with; its licence is beside it.
const FONT: &[u8] = include_bytes!("font/DejaVuSans.ttf");
const FAMILY: &str = "DejaVu Sans";
/// Pixels for each unit, so that it is sharp on fine screens too.
const FINENESS: f32 = 2.0;
/// The widest and highest picture, in pixels: a replaced template may ask for anything.
const LARGEST: u32 = 4096;

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});

/// What a template drew, as PNG, twice as fine as it says.
pub fn png(svg: &str) -> Result<Vec<u8>, String> {
    let mut options = Options { font_family: FAMILY.to_owned(), fontdb: Arc::clone(&FONTS), ..Options::default() };
    // Nothing is read from the disk, whatever the drawing asks for.
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    let tree = Tree::from_str(svg, &options).map_err(|error| format!("it is no drawing: {error}"))?;
    let size = tree.size().to_int_size().scale_by(FINENESS).ok_or("it has no size")?;
    if size.width() > LARGEST || size.height() > LARGEST {
        return Err(format!("it is larger than {LARGEST} pixels"));
    }
    let mut picture = Pixmap::new(size.width(), size.height()).ok_or("it has no size")?;
    resvg::render(&tree, Transform::from_scale(FINENESS, FINENESS), &mut picture.as_mut());
    picture.encode_png().map_err(|error| format!("it cannot be written as PNG: {error}"))
}
