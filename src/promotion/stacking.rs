//! Which other promotions may meet a promotion on one unit.

/// The field `stacks_with`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stacking {
    /// Not said: none for a price promotion, everything for gifts, delivery and points.
    #[default]
    Unsaid,
    /// `all`.
    All,
    /// Promotions by id or group.
    With(Vec<String>),
}

impl Stacking {
    /// Whether a price promotion with this field accepts the promotion with that id and group.
    #[must_use]
    pub fn names(&self, id: &str, group: Option<&str>) -> bool {
        match self {
            Stacking::Unsaid => false,
            Stacking::All => true,
            Stacking::With(list) => list.iter().any(|entry| entry == id || Some(entry.as_str()) == group),
        }
    }
}
