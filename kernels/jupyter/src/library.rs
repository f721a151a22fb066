//! The prebuilt `lessons` library that cells link against: building, copying and finding it.
