//! IRC as text: lines, tags, numerics, casemapping, capabilities. Pure.
