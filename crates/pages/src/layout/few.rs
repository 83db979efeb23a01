//! A list that is usually empty.

use std::ops::{Deref, DerefMut};

/// A vector that takes one word instead of three while empty: a long table has a million of them.
pub(crate) struct Few<T> {
    #[expect(clippy::box_collection, reason = "the point of it: a vector behind one word")]
    items: Option<Box<Vec<T>>>,
}

impl<T> Few<T> {
    pub(crate) const fn new() -> Few<T> {
        Few { items: None }
    }

    pub(crate) fn push(&mut self, item: T) {
        self.items.get_or_insert_default().push(item);
    }

    pub(crate) fn append(&mut self, items: &mut Vec<T>) {
        if !items.is_empty() {
            self.items.get_or_insert_default().append(items);
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few::new()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.items.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.items.as_deref_mut().map_or(&mut [], Vec::as_mut_slice)
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(items: Vec<T>) -> Few<T> {
        Few { items: (!items.is_empty()).then(|| Box::new(items)) }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Few<T> {
        items.into_iter().collect::<Vec<T>>().into()
    }
}

impl<'f, T> IntoIterator for &'f Few<T> {
    type Item = &'f T;
    type IntoIter = std::slice::Iter<'f, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'f, T> IntoIterator for &'f mut Few<T> {
    type Item = &'f mut T;
    type IntoIter = std::slice::IterMut<'f, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
