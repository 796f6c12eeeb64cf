//! The modules inside `mm._core`, each beside the crate that it shows: `sign`, `wire` and `venue`.

use pyo3::prelude::*;

/// Python finds a module inside an extension by this list only: `import mm._core.wire` looks for no file.
pub(crate) fn register(core: &Bound<'_, PyModule>) -> PyResult<()> {
    let modules = core.py().import("sys")?.getattr("modules")?;
    for name in ["sign", "venue", "wire"] {
        let full = format!("{}.{name}", core.name()?);
        let module = core.getattr(name)?;
        module.setattr("__name__", &full)?;
        modules.set_item(full, module)?;
    }
    Ok(())
}
