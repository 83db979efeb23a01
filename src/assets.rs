//! What documents need besides the invoice: templates, faces, logo and seal. Read once, shared by all documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use base64::Engine;

use crate::diagnostic::{Diagnostic, Place, Problems, cause};
use crate::files;
use crate::model::settings::Settings;
use crate::render::Templates;
use pages::layout::{Faces, Picture};

/// Templates, faces and images of a workspace.
pub struct Assets {
    /// Templates and labels.
    pub templates: Templates,
    /// The workspace's faces, then the built-in ones.
    pub faces: Arc<Faces>,
    /// Data URI of each image by its path.
    links: BTreeMap<String, String>,
    /// Each image by its data URI.
    images: BTreeMap<String, Arc<Picture>>,
    /// Every file read, by its path from the root, with its bytes; for the manifest.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Assets {
    /// Reads the files that the settings of the workspace at `root` name.
    ///
    /// # Errors
    /// Lists all files that cannot be read or are not usable.
    pub fn load(root: &Path, settings: &Settings) -> Result<Assets, Problems> {
        let mut problems = Problems::default();
        let mut files = Vec::new();
        let templates = problems.keep(Templates::load(root, settings));
        let faces = problems.keep(load_faces(root, settings, &mut files));
        let mut links = BTreeMap::new();
        let mut images = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let issuers = [&settings.issuer.ja, &settings.issuer.en];
        let paths = issuers.into_iter().flat_map(|issuer| [("logo", &issuer.logo), ("seal", &issuer.seal)]);
        for (key, path) in paths.filter_map(|(key, path)| Some((key, path.as_ref()?))) {
            if !seen.insert(path) {
                continue;
            }
            match load_image(root, key, path) {
                Ok((bytes, link)) => {
                    links.insert(path.clone(), link.clone());
                    match Picture::read(&bytes) {
                        Ok(picture) => {
                            images.insert(link, Arc::new(picture));
                        }
                        Err(message) => problems.push(
                            Diagnostic::error(message)
                                .at(Place::file(path))
                                .with_hint("save the image again as PNG, JPEG or SVG with plain shapes"),
                        ),
                    }
                    files.push((path.clone(), bytes));
                }
                Err(problem) => problems.push(problem),
            }
        }
        match (templates, faces, problems.is_empty()) {
            (Some(templates), Some(faces), true) => {
                files.extend(templates.files.iter().cloned());
                Ok(Assets { templates, faces, links, images, files })
            }
            _ => Err(problems),
        }
    }

    /// The `src` for the image at this path: a data URI, so that the HTML is one file.
    pub fn link(&self, path: &str) -> String {
        self.links.get(path).cloned().unwrap_or_default()
    }

    /// The picture of a `src`: an image of the workspace, or one that a template draws.
    ///
    /// # Errors
    /// When the picture is neither, or not usable.
    pub fn image(&self, src: &str) -> Result<Arc<Picture>, String> {
        if let Some(image) = self.images.get(src) {
            return Ok(image.clone());
        }
        let encoded = src.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
        let (_, encoded) = encoded.ok_or("only the issuer's logo and seal and drawn images can be shown")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded);
        Picture::read(&bytes.map_err(|_| "the image is not valid base64")?).map(Arc::new)
    }
}

fn load_faces(root: &Path, settings: &Settings, files: &mut Vec<(String, Vec<u8>)>) -> Result<Arc<Faces>, Problems> {
    if settings.fonts.is_empty() {
        return Ok(Faces::built_in());
    }
    let mut faces = Vec::new();
    let mut problems = Problems::default();
    for path in &settings.fonts {
        match files::read(&root.join(path), files::ASSET) {
            Ok(bytes) => faces.push((path.clone(), bytes)),
            Err(error) => problems.push(unreadable(root, "[fonts] files", path, &error)),
        }
    }
    problems.check()?;
    files.extend(faces.iter().cloned());
    Ok(Faces::with_files(faces).map_err(|error| {
        let hint = "fonts are TrueType or OpenType files (.ttf, .otf, .ttc)";
        Diagnostic::error(error.message).at(Place::file(error.name)).with_hint(hint)
    })?)
}

fn unreadable(root: &Path, key: &str, path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("cannot read the file that {key} names: {}", cause(error)))
        .at(place_of(root, path))
        .with_hint("paths in invoicer.toml are relative to the workspace's root")
}

/// The line where `invoicer.toml` names a path.
fn place_of(root: &Path, path: &str) -> Place {
    let text = files::read(&root.join("invoicer.toml"), files::TEXT).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let quoted = format!("\"{path}\"");
    match text.find(&quoted) {
        Some(start) => Place::span("invoicer.toml", &text, start..start + quoted.len()),
        None => Place::file(path),
    }
}

fn load_image(root: &Path, key: &str, path: &str) -> Result<(Vec<u8>, String), Diagnostic> {
    let bytes = files::read(&root.join(path), files::ASSET)
        .map_err(|error| unreadable(root, &format!("[issuer] {key}"), path, &error))?;
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, ..] => "image/jpeg",
        _ if path.to_lowercase().ends_with(".svg") => "image/svg+xml",
        _ => {
            let diagnostic = Diagnostic::error(format!("expected a PNG, JPEG or SVG image for {key}"));
            return Err(diagnostic.at(Place::file(path)));
        }
    };
    let link = format!("data:{kind};base64,{}", base64::engine::general_purpose::STANDARD.encode(&bytes));
    Ok((bytes, link))
}
