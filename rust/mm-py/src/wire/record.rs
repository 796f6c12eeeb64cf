//! Plain records: classes that hold values, compare by them, print themselves and can be matched on.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// A class as one would paste it back: its name, and its fields in the order of its constructor.
pub(crate) fn repr(of: &Bound<'_, PyAny>) -> PyResult<String> {
    let class = of.get_type();
    let mut parts = Vec::new();
    for name in class.getattr("__match_args__")?.cast::<PyTuple>()?.iter() {
        let name: String = name.extract()?;
        parts.push(format!("{name}={}", of.getattr(name.as_str())?.repr()?));
    }
    Ok(format!("{}({})", class.name()?, parts.join(", ")))
}

/// Declares a record. The fields are the constructor's arguments, in their order; a default makes one optional.
macro_rules! record {
    (
        $(#[$doc:meta])*
        $name:ident as $python:literal {
            $($(#[$about:meta])* $field:ident : $type:ty $(= $default:tt)?),* $(,)?
        }
        $($more:tt)*
    ) => {
        $(#[$doc])*
        #[pyclass(frozen, eq, get_all, name = $python, module = "mm._core.wire", skip_from_py_object)]
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub(crate) struct $name { $($(#[$about])* pub(crate) $field: $type),* }

        #[pymethods]
        impl $name {
            #[new]
            #[allow(clippy::too_many_arguments)] // a record has the fields that it has
            #[pyo3(signature = ($($field $(= $default)?),*))]
            fn py_new($($field: $type),*) -> Self {
                Self { $($field),* }
            }

            #[classattr]
            #[allow(non_snake_case)]
            fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, pyo3::types::PyTuple>> {
                let names: &[&str] = &[$(stringify!($field)),*];
                pyo3::types::PyTuple::new(py, names)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                $crate::wire::record::repr(slf.as_any())
            }

            $($more)*
        }
    };
}
pub(crate) use record;
