//! The fuzz targets' readers over the files that the targets begin with, whole and cut off: what `cargo fuzz` runs for
//! hours compiles, and takes what it starts from.

use std::path::Path;

#[path = "../../fuzz/readers.rs"]
mod targets;

const DRAWING: &[u8] = br##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">
<defs><g id="a"><path d="M0 0h10v10z" fill="#08c"/></g></defs><use href="#a"/><circle cx="15" cy="5" r="4"/></svg>"##;

/// The files of a directory whose names end so.
fn files(directory: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "{directory}: {ending}");
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn readers_take_their_files_or_refuse_them() {
    type Reader = fn(&[u8]);
    let readers: [(Reader, Vec<Vec<u8>>); 4] = [
        (|bytes| targets::html_layout(&String::from_utf8_lossy(bytes)), files("tests/layout", "borders.html")),
        (targets::image, files("tests/data/images", ".jpg")),
        (targets::image, vec![DRAWING.to_vec()]),
        (targets::face, files("tests/data/fonts", ".otf")),
    ];
    for (read, files) in readers {
        for file in files {
            read(&file);
            for part in 1..4 {
                read(&file[..file.len() * part / 4]);
            }
        }
    }
}
