//! Dims: known sizes, named symbols, and sums and products of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, Mul, Sub};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What the symbols of a graph stand for in one run: symbol name to size.
pub type Bindings = BTreeMap<String, usize>;

/// What symbols stand for where one graph becomes part of another: symbol name to dim.
pub(crate) type Symbols = BTreeMap<String, Dim>;

/// The size of one axis: a polynomial over named symbols with integer coefficients, in a canonical
/// form, so that two dims are equal exactly when they are equal for every value of their symbols.
///
/// ```
/// use lessons::graph::Dim;
/// let batch = Dim::from("batch");
/// assert_eq!(batch.clone() * Dim::from(2), batch.clone() + batch.clone());
/// assert_eq!((batch * Dim::from(4)).to_string(), "4*batch");
/// assert_eq!(Dim::from(6).known(), Some(6));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dim {
    /// Sorted symbol names of a product → its coefficient, never zero. No entry at all is 0.
    terms: BTreeMap<Vec<Arc<str>>, i64>,
}

impl Dim {
    /// A dim of a named symbol, such as `batch`.
    pub fn symbol(name: &str) -> Dim {
        Dim {
            terms: BTreeMap::from([(vec![Arc::from(name)], 1)]),
        }
    }

    /// A dim of a fixed size. Negative sizes are refused when a graph is checked; `-1` in a
    /// `reshape` stands for "what is left".
    pub fn constant(size: i64) -> Dim {
        let mut dim = Dim {
            terms: BTreeMap::new(),
        };
        dim.insert(Vec::new(), size);
        dim
    }

    /// The dim of a value that does not exist because an earlier op failed.
    pub(crate) fn unknown() -> Dim {
        Dim::symbol("?")
    }

    fn insert(&mut self, product: Vec<Arc<str>>, coefficient: i64) {
        let sum = self
            .terms
            .get(&product)
            .copied()
            .unwrap_or(0)
            .saturating_add(coefficient);
        if sum == 0 {
            self.terms.remove(&product);
        } else {
            self.terms.insert(product, sum);
        }
    }

    /// The constant that this dim is, if it holds no symbol.
    pub fn as_constant(&self) -> Option<i64> {
        match self.terms.len() {
            0 => Some(0),
            1 => self.terms.get(&Vec::new()).copied(),
            _ => None,
        }
    }

    /// The size, if this dim holds no symbol and is not negative.
    pub fn known(&self) -> Option<usize> {
        self.as_constant()
            .and_then(|size| usize::try_from(size).ok())
    }

    /// Whether this dim is known to be `size`.
    pub fn is(&self, size: usize) -> bool {
        self.known() == Some(size)
    }

    /// The symbols in it, sorted.
    pub fn symbols(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.terms.keys().flatten().map(|name| &**name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The one symbol that this dim is, if it is nothing but a symbol.
    pub fn as_symbol(&self) -> Option<&str> {
        let (product, coefficient) = self.terms.first_key_value()?;
        match (product.as_slice(), coefficient, self.terms.len()) {
            ([name], 1, 1) => Some(name),
            _ => None,
        }
    }

    /// The size when the symbols stand for `bindings`; `None` if a symbol is not bound or the
    /// result is negative or too large.
    pub fn bind(&self, bindings: &Bindings) -> Option<usize> {
        let mut sum = 0i64;
        for (product, coefficient) in &self.terms {
            let mut term = *coefficient;
            for name in product {
                let size = i64::try_from(*bindings.get(&**name)?).ok()?;
                term = term.checked_mul(size)?;
            }
            sum = sum.checked_add(term)?;
        }
        usize::try_from(sum).ok()
    }

    /// The dim with other dims in the place of symbols; a symbol that is not among them stays.
    pub(crate) fn substitute(&self, symbols: &Symbols) -> Dim {
        let term = |product: &Vec<Arc<str>>, coefficient: i64| {
            product
                .iter()
                .fold(Dim::constant(coefficient), |term, name| {
                    let dim = symbols.get(&**name).cloned();
                    term * dim.unwrap_or_else(|| Dim::symbol(name))
                })
        };
        self.terms
            .iter()
            .fold(Dim::constant(0), |sum, (product, coefficient)| {
                sum + term(product, *coefficient)
            })
    }

    /// The dim `d` with `d * divisor == self`, if there is one and the divisor is a single product.
    ///
    /// ```
    /// use lessons::graph::Dim;
    /// let tokens = Dim::from("batch") * Dim::from("seq") * Dim::from(12);
    /// assert_eq!(tokens.div_exact(&(Dim::from("seq") * Dim::from(4))), Some(Dim::from("batch") * Dim::from(3)));
    /// assert_eq!(Dim::from(7).div_exact(&Dim::from(2)), None);
    /// ```
    pub fn div_exact(&self, divisor: &Dim) -> Option<Dim> {
        if divisor.terms.len() != 1 {
            return (self == divisor).then(|| Dim::constant(1));
        }
        let (by, by_coefficient) = divisor.terms.first_key_value()?;
        let mut quotient = Dim::constant(0);
        for (product, coefficient) in &self.terms {
            if coefficient % by_coefficient != 0 {
                return None;
            }
            let mut rest = product.clone();
            for name in by {
                let at = rest.iter().position(|other| other == name)?;
                rest.remove(at);
            }
            quotient.insert(rest, coefficient / by_coefficient);
        }
        Some(quotient)
    }

    /// This dim by a number, rounded down, if that is the same dim for all sizes of its symbols.
    ///
    /// ```
    /// use lessons::graph::Dim;
    /// let even = Dim::from("half") * Dim::from(2);
    /// assert_eq!((even + Dim::from(5)).div_floor(2), Some(Dim::from("half") + Dim::from(2)));
    /// assert_eq!(Dim::from("size").div_floor(2), None);
    /// assert_eq!(Dim::from(-1).div_floor(2), Some(Dim::from(-1)));
    /// ```
    pub fn div_floor(&self, divisor: usize) -> Option<Dim> {
        let divisor = i64::try_from(divisor).ok().filter(|divisor| *divisor > 0)?;
        let mut quotient = Dim::constant(0);
        for (product, coefficient) in &self.terms {
            if !product.is_empty() && coefficient % divisor != 0 {
                return None;
            }
            quotient.insert(product.clone(), coefficient.div_euclid(divisor));
        }
        Some(quotient)
    }

    /// What is wrong with this dim as the size of an axis, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        if let Some(size) = self.as_constant() {
            return (size < 0).then(|| format!("a dim cannot be negative, and this one is {size}"));
        }
        let is_name = |name: &str| {
            let mut chars = name.chars();
            chars
                .next()
                .is_some_and(|first| first.is_alphabetic() || first == '_')
                && chars.all(|rest| rest.is_alphanumeric() || rest == '_')
        };
        let bad = self
            .symbols()
            .into_iter()
            .find(|name| !is_name(name))?
            .to_owned();
        Some(format!(
            "`{bad}` is no name for a dim: use letters, digits and _, as in \"batch\""
        ))
    }
}

impl Add for Dim {
    type Output = Dim;

    fn add(mut self, other: Dim) -> Dim {
        for (product, coefficient) in other.terms {
            self.insert(product, coefficient);
        }
        self
    }
}

impl Sub for Dim {
    type Output = Dim;

    fn sub(self, other: Dim) -> Dim {
        self + Dim::constant(-1) * other
    }
}

impl Mul for Dim {
    type Output = Dim;

    fn mul(self, other: Dim) -> Dim {
        let mut result = Dim::constant(0);
        for (left, a) in &self.terms {
            for (right, b) in &other.terms {
                let mut product: Vec<_> = left.iter().chain(right).cloned().collect();
                product.sort_unstable();
                result.insert(product, a.saturating_mul(*b));
            }
        }
        result
    }
}

impl From<&str> for Dim {
    fn from(name: &str) -> Dim {
        Dim::symbol(name)
    }
}

impl From<i32> for Dim {
    fn from(size: i32) -> Dim {
        Dim::constant(size.into())
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Dim {
        Dim::constant(i64::try_from(size).unwrap_or(i64::MAX))
    }
}

impl From<&Dim> for Dim {
    fn from(dim: &Dim) -> Dim {
        dim.clone()
    }
}

impl fmt::Display for Dim {
    /// Products of symbols first, the constant last: `4*batch*seq + 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.as_constant() {
            return write!(f, "{size}");
        }
        let symbolic = self.terms.iter().filter(|(product, _)| !product.is_empty());
        let constant = self.terms.iter().filter(|(product, _)| product.is_empty());
        for (index, (product, coefficient)) in symbolic.chain(constant).enumerate() {
            let sign = if *coefficient < 0 { "-" } else { "+" };
            match (index, *coefficient < 0) {
                (0, true) => f.write_str("-")?,
                (0, false) => {}
                _ => write!(f, " {sign} ")?,
            }
            let size = coefficient.unsigned_abs();
            if size != 1 || product.is_empty() {
                write!(f, "{size}{}", if product.is_empty() { "" } else { "*" })?;
            }
            f.write_str(&product.join("*"))?;
        }
        Ok(())
    }
}

/// In files a dim is a number, a name, or the list of its terms.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Portable {
    Size(i64),
    Symbol(String),
    Terms(Vec<(i64, Vec<String>)>),
}

impl Serialize for Dim {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let portable = match (self.as_constant(), self.as_symbol()) {
            (Some(size), _) => Portable::Size(size),
            (_, Some(name)) => Portable::Symbol(name.to_owned()),
            _ => Portable::Terms(
                self.terms
                    .iter()
                    .map(|(product, c)| (*c, product.iter().map(|name| name.to_string()).collect()))
                    .collect(),
            ),
        };
        portable.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Dim {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Dim, D::Error> {
        Ok(match Portable::deserialize(deserializer)? {
            Portable::Size(size) => Dim::constant(size),
            Portable::Symbol(name) => Dim::symbol(&name),
            Portable::Terms(terms) => terms
                .iter()
                .map(|(c, names)| {
                    names.iter().fold(Dim::constant(*c), |product, name| {
                        product * Dim::symbol(name)
                    })
                })
                .fold(Dim::constant(0), Add::add),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dims() -> impl Strategy<Value = Dim> {
        let leaf = prop_oneof![
            (-4i32..9).prop_map(Dim::from),
            prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(Dim::from),
        ];
        leaf.prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(x, y)| x + y),
                (inner.clone(), inner.clone()).prop_map(|(x, y)| x - y),
                (inner.clone(), inner).prop_map(|(x, y)| x * y),
            ]
        })
    }

    proptest! {
        #[test]
        fn sums_and_products_obey_the_laws_of_a_ring(x in dims(), y in dims(), z in dims()) {
            prop_assert_eq!(x.clone() + y.clone(), y.clone() + x.clone());
            prop_assert_eq!(x.clone() * y.clone(), y.clone() * x.clone());
            let left = x.clone() * (y.clone() + z.clone());
            prop_assert_eq!(left, x.clone() * y + x.clone() * z);
            prop_assert_eq!(x.clone() - x, Dim::constant(0));
        }

        #[test]
        fn binding_commutes_with_products(x in dims(), y in dims(), a in 0usize..9, b in 0usize..9) {
            let bindings = Bindings::from([("a".into(), a), ("b".into(), b), ("c".into(), 3)]);
            if let (Some(p), Some(q)) = (x.bind(&bindings), y.bind(&bindings)) {
                prop_assert_eq!((x * y).bind(&bindings), Some(p * q));
            }
        }

        #[test]
        fn a_product_divided_by_a_factor_gives_the_other(x in dims(), n in 1i32..5) {
            let factor = Dim::from("a") * Dim::from(n);
            prop_assert_eq!((x.clone() * factor.clone()).div_exact(&factor), Some(x));
        }

        #[test]
        fn substituting_is_binding_later(x in dims(), a in dims(), b in 0usize..9, c in 0usize..9) {
            let symbols = Symbols::from([("a".into(), a.clone())]);
            let bindings = Bindings::from([("b".into(), b), ("c".into(), c), ("a".into(), 2)]);
            let Some(size) = a.bind(&bindings) else { return Ok(()) };
            let later = Bindings::from([("b".into(), b), ("c".into(), c), ("a".into(), size)]);
            prop_assert_eq!(x.substitute(&symbols).bind(&bindings), x.bind(&later));
        }

        #[test]
        fn files_keep_dims(x in dims()) {
            let text = serde_json::to_string(&x).unwrap();
            prop_assert_eq!(serde_json::from_str::<Dim>(&text).unwrap(), x);
        }
    }

    #[test]
    fn dims_print_as_one_would_write_them() {
        let (b, s) = (Dim::from("batch"), Dim::from("seq"));
        assert_eq!(
            (b.clone() * s.clone() * Dim::from(4) + Dim::from(1)).to_string(),
            "4*batch*seq + 1"
        );
        assert_eq!((s - Dim::from(2) * b).to_string(), "-2*batch + seq");
        assert_eq!(Dim::from(0).to_string(), "0");
    }
}
