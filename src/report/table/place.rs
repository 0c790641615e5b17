//! Where something stands, in one word.

use crate::model::Location;

/// `path:line:column`, as editors and terminals take it; archive members after their archive.
pub(in crate::report) fn at_line(place: &Location) -> String {
    let mut text = place.file();
    for number in [place.line, place.column] {
        if number == 0 {
            break;
        }
        text = format!("{text}:{number}");
    }
    text
}
