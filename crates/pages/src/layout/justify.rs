//! `text-align: justify`: free space goes between words, and around every Japanese character.

use super::{
    context::Context,
    fragment::{Fragment, InlineBox, Run},
    kern::{Kern, KernReader},
    letters::is_variation_selector,
    style::VerticalAlign,
};

/// The content of a line, with positions relative to its start.
pub(super) struct Content<'l> {
    pub(super) runs: &'l mut Vec<Run>,
    pub(super) boxes: &'l mut [(InlineBox, f64)],
    pub(super) atoms: &'l mut [(Fragment, VerticalAlign)],
}

/// A letter, or a box within the text (no letter), and whether space may be added on each side.
struct Piece {
    x: f64,
    letter: Option<char>,
    /// Index of its run, and its byte offset there.
    run: usize,
    start: usize,
    before: bool,
    after: bool,
}

/// Spreads the line's content over `free` px more.
pub(super) fn spread(context: &Context<'_>, content: Content<'_>, free: f64) {
    let mut pieces = pieces(context, &content);
    let gaps = mark_gaps(&mut pieces);
    if gaps == 0 || free <= 0.0 {
        return;
    }
    let each = free / gaps as f64;
    // Start of each piece, and how far whatever starts there moves.
    let mut moves = Vec::with_capacity(pieces.len());
    let mut moved = 0.0;
    for piece in &pieces {
        moved += if piece.before { each } else { 0.0 };
        moves.push((piece.x, moved));
        moved += if piece.after { each } else { 0.0 };
    }
    let shift = |x: f64| moves.iter().rev().find(|(start, _)| *start <= x + 0.001).map_or(0.0, |(_, moved)| *moved);
    for (inline_box, _) in content.boxes.iter_mut() {
        let end = inline_box.x + inline_box.width;
        let last = moves.iter().rev().find(|(start, _)| *start < end - 0.001).map_or(0.0, |(_, moved)| *moved);
        let start = shift(inline_box.x);
        inline_box.x += start;
        inline_box.width += (last - start).max(0.0);
    }
    for (atom, _) in content.atoms.iter_mut() {
        atom.x += shift(atom.x);
    }
    *content.runs = split(content.runs, &pieces, &moves, each);
}

fn pieces(context: &Context<'_>, content: &Content<'_>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, run) in content.runs.iter().enumerate() {
        let style = context.styles.get(run.style);
        let mut x = run.x;
        let mut kerns = KernReader::new(&run.kerns);
        for (start, letter) in run.text.char_indices() {
            if is_variation_selector(letter) {
                continue;
            }
            pieces.push(Piece { x, letter: Some(letter), run: index, start, before: false, after: false });
            x += context.advance(style, letter);
            x += kerns.behind(start) * style.glyph_size();
        }
    }
    for (atom, _) in content.atoms.iter() {
        pieces.push(Piece { x: atom.x, letter: None, run: 0, start: 0, before: false, after: false });
    }
    pieces.sort_by(|one, other| one.x.total_cmp(&other.x));
    pieces
}

/// Marks and counts the gaps as Chromium does: after spaces and on both sides of Japanese characters, none at the ends.
fn mark_gaps(pieces: &mut [Piece]) -> usize {
    let mut count = 0;
    let mut after_gap = true;
    let mut last = None;
    for (index, piece) in pieces.iter_mut().enumerate() {
        let is_space = matches!(piece.letter, Some(' ' | '\u{a0}'));
        let is_japanese = piece.letter.is_some_and(is_ideograph_or_symbol);
        piece.before = is_japanese && !after_gap;
        piece.after = is_space || is_japanese;
        count += usize::from(piece.before) + usize::from(piece.after);
        after_gap = piece.after;
        last = Some(index);
    }
    if let Some(piece) = last.and_then(|last| pieces.get_mut(last)).filter(|piece| piece.after) {
        piece.after = false;
        count -= 1;
    }
    count
}

/// Splits runs so that within each the same space follows every letter.
fn split(runs: &[Run], pieces: &[Piece], moves: &[(f64, f64)], each: f64) -> Vec<Run> {
    let mut result: Vec<Run> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let own: Vec<usize> =
            (0..pieces.len()).filter(|at| pieces[*at].letter.is_some() && pieces[*at].run == index).collect();
        let mut start = 0;
        while start < own.len() {
            let is_spread = |at: usize| pieces[own[at]].letter.is_some_and(is_ideograph_or_symbol);
            let spread = is_spread(start);
            let mut end = start + 1;
            // A word's run ends with its space: the gap after it moves the next word.
            while end < own.len()
                && is_spread(end) == spread
                && !pieces[own[end]].before
                && (spread || !pieces[own[end - 1]].after)
            {
                end += 1;
            }
            let place = |at: usize| own.get(at).map(|piece| moves[*piece].0 + moves[*piece].1);
            let x = place(start).unwrap_or(run.x);
            let run_end = run.x + run.width + own.last().map_or(0.0, |last| moves[*last].1);
            let width = place(end).unwrap_or(run_end) - x;
            let from = pieces[own[start]].start;
            let to = own.get(end).map_or(run.text.len(), |piece| pieces[*piece].start);
            let text = run.text.get(from..to).unwrap_or_default().into();
            let spacing = if spread { each as f32 } else { 0.0 };
            let Run { y, underline, face, style, node, .. } = *run;
            let kerns = within(&run.kerns, from, own.get(end - 1).map_or(from, |last| pieces[*last].start));
            result.push(Run { x, y, underline, width, face, style, node, text, spacing, kerns });
            start = end;
        }
    }
    result
}

/// The kerns of a run's letters from byte `from` up to, but not including, the one at `last`.
fn within(kerns: &[Kern], from: usize, last: usize) -> Box<[Kern]> {
    let inside = kerns.iter().filter(|kern| (from..last).contains(&(kern.at as usize)));
    inside.map(|kern| Kern { at: kern.at - u32::try_from(from).unwrap_or(0), ..*kern }).collect()
}

/// Characters around which Chromium adds space: kanji, kana and the signs among them.
fn is_ideograph_or_symbol(letter: char) -> bool {
    matches!(
        letter,
        '\u{2e80}'..='\u{2fdf}' | '\u{2ff0}'..='\u{302f}' | '\u{3031}'..='\u{312f}' | '\u{3190}'..='\u{31bf}'
            | '\u{31c0}'..='\u{33ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}' | '\u{2460}'..='\u{24ff}'
            | '\u{25ce}'..='\u{25d3}' | '\u{2600}'..='\u{2603}' | '\u{2160}'..='\u{216b}' | '\u{2170}'..='\u{217b}'
    )
}
