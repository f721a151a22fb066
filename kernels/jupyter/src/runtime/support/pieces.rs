//! Ranges of integers, piece by piece: check points stand between the pieces.

use std::ops::Range;

/// What there is of a range is cut here.
const LENGTH: u32 = 1 << 16;

/// A range whose pieces together are itself.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an iterator")]
pub trait Pieces: Sized {
    /// Takes the next piece off; `None` at the end.
    fn next_piece(&mut self) -> Option<Self>;
}

/// The next piece of the range that `whole` makes when it is called, the first time.
#[inline(always)]
pub fn piece<R: Pieces>(rest: &mut Option<R>, whole: impl FnOnce() -> R) -> Option<R> {
    rest.get_or_insert_with(whole).next_piece()
}

macro_rules! pieces {
    ($($number:ty as $unsigned:ty),*) => {$(
        impl Pieces for Range<$number> {
            #[inline(always)]
            fn next_piece(&mut self) -> Option<Self> {
                if self.start >= self.end {
                    return None;
                }
                let left = self.end.wrapping_sub(self.start) as $unsigned;
                let cut = match <$unsigned>::try_from(LENGTH) {
                    Ok(length) if length < left => self.start.wrapping_add(length as $number),
                    _ => self.end,
                };
                Some(std::mem::replace(&mut self.start, cut)..cut)
            }
        }
    )*};
}

pieces!(
    i8 as u8, i16 as u16, i32 as u32, i64 as u64, i128 as u128, isize as usize,
    u8 as u8, u16 as u16, u32 as u32, u64 as u64, u128 as u128, usize as usize
);

macro_rules! whole {
    ($($value:ty),*) => {$(
        impl Pieces for Range<$value> {
            fn next_piece(&mut self) -> Option<Self> {
                (self.start < self.end).then(|| std::mem::replace(&mut self.start, self.end)..self.end)
            }
        }
    )*};
}

whole!(char, std::net::Ipv4Addr, std::net::Ipv6Addr);
