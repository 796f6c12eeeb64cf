//! `mm._core.sign`: conversion only.
//!
//! The interpreter's lock is kept while signing: it takes some twenty microseconds, and who lets it go may wait
//! milliseconds to have it back.

mod functions;
mod keystore;
mod nonces;
mod order;
mod read;
mod signer;

use pyo3::prelude::*;

/// Actions into signed bytes, and the nonces under which they are sent.
#[pymodule(submodule, gil_used = false)]
pub(crate) mod sign {
    #[pymodule_export]
    use super::functions::{
        address_of, connection_id, digest, float_to_wire, keccak256, msgpack, recover,
    };
    #[pymodule_export]
    use super::keystore::{open_keystore, seal_keystore};
    #[pymodule_export]
    use super::nonces::PyNonces;
    #[pymodule_export]
    use super::order::PyOrderWire;
    #[pymodule_export]
    use super::signer::PySigner;
}
