//! Neither lanes nor sessions' numbers drop repeats.

use super::Plant;

pub(super) const PLANT: Plant =
    Plant { name: "no-dedupe", about: "neither lanes nor sessions' numbers drop repeats" };
