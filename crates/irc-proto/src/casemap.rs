//! Which names are one name: `CASEMAPPING=ascii`, the only one we advertise.
//!
//! `A`–`Z` are `a`–`z`, and nothing else is anything else: unlike in RFC 1459, `{}|^` are not `[]\~`.

/// The name under which others find it.
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Folds without a new allocation.
pub fn fold_in_place(name: &mut str) {
    name.make_ascii_lowercase();
}

/// Whether both are one name.
pub fn eq(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_letters_fold() {
        assert_eq!(fold("Dan[É]^"), "dan[É]^");
        assert!(eq("#RUST", "#rust"));
        assert!(!eq("a[", "a{"));
        assert!(!eq("É", "é"));
        let mut name = String::from("NickServ");
        fold_in_place(&mut name);
        assert_eq!(name, "nickserv");
    }
}
