//! Kerns: pairs of letters that are set closer or farther apart than their advances.

/// Space between a letter and the next one of the same face; negative where they move together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kern {
    /// Index of the letter's first byte in the text.
    pub at: u32,
    /// Space in em.
    pub em: f32,
}

/// Looks up kerns by position, in the order of the text.
#[derive(Clone)]
pub(crate) struct KernReader<'k> {
    rest: &'k [Kern],
}

impl<'k> KernReader<'k> {
    pub(crate) fn new(kerns: &'k [Kern]) -> KernReader<'k> {
        KernReader { rest: kerns }
    }

    /// Space in em after the letter that starts at this byte.
    #[inline]
    pub(crate) fn behind(&mut self, position: usize) -> f64 {
        while let Some((first, rest)) = self.rest.split_first() {
            if first.at as usize > position {
                return 0.0;
            }
            self.rest = rest;
            if first.at as usize == position {
                return f64::from(first.em);
            }
        }
        0.0
    }
}
