//! Room history.
/// Open history.
pub struct History;
