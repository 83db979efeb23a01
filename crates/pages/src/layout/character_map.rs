//! Checks the character map of a font file before it is read: a damaged map names ranges that would take hours to walk,
//! or that lie outside the file.
//!
//! Format: OpenType, `cmap`, formats 12 and 13, whose groups are in order and do not overlap.

/// Fonts have up to a dozen subtables; every one is read.
const SUBTABLES_MOST: u16 = 64;

/// Refuses a map whose groups break the format's rules. Maps in other formats are small and bounded by their encoding.
pub(super) fn check(table: &[u8]) -> Result<(), String> {
    let damaged = || "not a usable font: its character map is damaged".to_owned();
    let count = u16_at(table, 2).filter(|count| *count <= SUBTABLES_MOST).ok_or_else(damaged)?;
    for record in 0..usize::from(count) {
        let offset = u32_at(table, 4 + record * 8 + 4).and_then(|offset| usize::try_from(offset).ok());
        let subtable = offset.and_then(|offset| table.get(offset..)).ok_or_else(damaged)?;
        let format = u16_at(subtable, 0).ok_or_else(damaged)?;
        if matches!(format, 12 | 13) && !has_sound_groups(subtable) {
            return Err(damaged());
        }
    }
    Ok(())
}

fn has_sound_groups(subtable: &[u8]) -> bool {
    let Some(count) = u32_at(subtable, 12).and_then(|count| usize::try_from(count).ok()) else { return false };
    let Some(groups) = count.checked_mul(12).and_then(|length| subtable.get(16..)?.get(..length)) else {
        return false;
    };
    let mut next = 0;
    groups.chunks_exact(12).all(|group| {
        let (Some(start), Some(end)) = (u32_at(group, 0), u32_at(group, 4)) else { return false };
        let sound = next <= start && start <= end && end <= u32::from(char::MAX);
        next = end.saturating_add(1);
        sound
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with one subtable of format 12; `count` is what it says of its groups.
    fn table(count: u32, groups: &[[u32; 3]]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 1, 0, 3, 0, 10, 0, 0, 0, 12, 0, 12, 0, 0];
        let length = 16 + 12 * u32::try_from(groups.len()).unwrap();
        for number in [length, 0, count].into_iter().chain(groups.iter().flatten().copied()) {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn groups_are_in_order_within_unicode_and_within_the_file() {
        assert!(check(&table(2, &[[0x41, 0x5a, 1], [0x2_0bb7, 0x2_0bb7, 30]])).is_ok());
        assert!(check(&table(0, &[])).is_ok());
        for (count, groups) in [
            (1, vec![[0x41, 0xffff_ffff, 1]]),
            (1, vec![[0x41, 0x11_0000, 1]]),
            (1, vec![[0x5a, 0x41, 1]]),
            (2, vec![[0x41, 0x5a, 1], [0x5a, 0x60, 1]]),
            (2, vec![[0x41, 0x5a, 1]]),
            (0xffff_ffff, vec![[0x41, 0x5a, 1]]),
        ] {
            assert!(check(&table(count, &groups)).is_err(), "{count} {groups:x?}");
        }
        let whole = table(1, &[[0x41, 0x5a, 1]]);
        // The same million characters in every one of 65,535 subtables.
        let mut many = table(1, &[[0x41, 0x10_ffff, 1]]);
        assert!(check(&many).is_ok());
        many.splice(2..4, [0xff, 0xff]);
        let record = many[4..12].to_vec();
        many.splice(12..12, record.repeat(65_534));
        assert!(check(&many).is_err());
        for length in 0..whole.len() {
            assert!(check(&whole[..length]).is_err(), "{length}");
        }
    }
}
