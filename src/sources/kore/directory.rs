//! Names of SIMs and fleets, which rules match customers by: usage records hold only ids.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::pages::{self, FETCH_AGAIN, PageFile, one_line, without_place};
use crate::diagnostic::{Diagnostic, Place, Problems};
use crate::model::identifier::IdAlphabet;
use crate::sources::refused_rows;

/// A SIM as `/v1/Sims` lists it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Sim {
    /// The id, `HS…`.
    pub(super) sid: String,
    /// The name the account's owner gave it.
    #[serde(default)]
    pub(super) unique_name: Option<String>,
    /// The number of the card.
    #[serde(default)]
    pub(super) iccid: Option<String>,
    /// The fleet it is in.
    #[serde(default)]
    pub(super) fleet_sid: Option<String>,
}

#[derive(Deserialize)]
struct Fleet {
    sid: String,
    #[serde(default)]
    unique_name: Option<String>,
}

/// All SIMs and fleets of an account, by id.
#[derive(Debug, Default)]
pub(super) struct Directory {
    sims: FxHashMap<String, Sim>,
    fleets: FxHashMap<String, String>,
}

impl Directory {
    /// Reads the listings.
    ///
    /// # Errors
    /// Invalid files and records.
    pub(super) fn read(sims: &[PageFile], fleets: &[PageFile]) -> Result<Directory, Problems> {
        let mut directory = Directory::default();
        let iccid = |sim: &Sim| refused_rows::id(sim.iccid.as_deref().unwrap_or(""), "iccid", IdAlphabet::Digits);
        let read_sims = records(sims, "sims", |sim: Sim| match iccid(&sim) {
            Err((_, message, _)) => Err(message),
            Ok(()) => Ok(directory.sims.insert(sim.sid.clone(), sim).is_none()),
        });
        let read_fleets = records(fleets, "fleets", |fleet: Fleet| {
            Ok(directory.fleets.insert(fleet.sid, fleet.unique_name.unwrap_or_default()).is_none())
        });
        let problems: Problems = [read_sims, read_fleets].into_iter().filter_map(Result::err).flatten().collect();
        problems.check()?;
        Ok(directory)
    }

    /// The SIM with that id, if it is listed.
    pub(super) fn sim(&self, sid: &str) -> Option<&Sim> {
        self.sims.get(sid)
    }

    /// Name of the fleet with that id, empty when it has none or is not listed.
    pub(super) fn fleet_name(&self, sid: &str) -> &str {
        self.fleets.get(sid).map_or("", String::as_str)
    }
}

/// Gives each record of a listing to `take`, which returns whether it is new, or why it is refused. Reports the first
/// record that is repeated or cannot be read.
fn records<'a, T: Deserialize<'a>>(
    files: &'a [PageFile],
    key: &str,
    mut take: impl FnMut(T) -> Result<bool, String>,
) -> Result<(), Problems> {
    let pages = pages::parse(files, key)?;
    for (file, page) in files.iter().zip(&pages) {
        for (row, record) in (1..).zip(&page.records) {
            let refused = |message: String| {
                let place = Place::line(&file.path, row).with_excerpt(one_line(record.get()));
                Diagnostic::error(message).at(place).with_hint(FETCH_AGAIN)
            };
            let read = serde_json::from_str(record.get());
            let read = read
                .map_err(|error| refused(format!("expected one of the account's {key}: {}", without_place(&error))))?;
            if !take(read).map_err(refused)? {
                // Where a page was sent twice, another may be missing.
                return Err(refused(format!("the listing of {key} has this one twice")).into());
            }
        }
    }
    Ok(())
}
