//! Tables keyed by codes that Node sends, and the same codes as TypeScript types.

/// Defines a table whose rows begin with a code, and a TypeScript union of these codes, so that the shim can't send one
/// without a row. It sends `UNKNOWN` for every other code.
macro_rules! codes {
    (
        $(#[$doc:meta])*
        $table:ident: $row:ty, $union:ident of $name:literal {
            $(($code:literal $(, $value:expr)*),)*
        }
    ) => {
        $(#[$doc])*
        const $table: &[$row] = &[$(($code $(, $value)*)),*];

        /// The codes as a TypeScript type.
        #[cfg(target_arch = "wasm32")]
        #[expect(dead_code, reason = "the door puts it into a section of its own, which does not count as a use")]
        pub(crate) const $union: &str = concat!("export type ", $name, " = 'UNKNOWN'" $(, " | '", $code, "'")*, ";");
    };
}
pub(crate) use codes;
