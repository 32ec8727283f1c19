//! Tables by codes that Node sends, and the same codes as types of TypeScript.

/// Defines a table whose rows begin with a code, and a union of these codes by the name that TypeScript has for it, so that
/// the shim can't send one that no row knows. It sends `UNKNOWN` for every other code.
macro_rules! codes {
    (
        $(#[$doc:meta])*
        $table:ident: $row:ty, $union:ident of $name:literal {
            $(($code:literal $(, $value:expr)*),)*
        }
    ) => {
        $(#[$doc])*
        const $table: &[$row] = &[$(($code $(, $value)*)),*];

        /// The codes as a type of TypeScript.
        #[cfg(target_arch = "wasm32")]
        #[expect(dead_code, reason = "the door puts it into a section of its own, which does not count as a use")]
        pub(crate) const $union: &str = concat!("export type ", $name, " = 'UNKNOWN'" $(, " | '", $code, "'")*, ";");
    };
}
pub(crate) use codes;
