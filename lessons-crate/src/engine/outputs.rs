//! The results of a run.

use std::fmt;
use std::ops::Index;

use candle_core::Tensor;

/// The outputs of one run by name, in the order in which the graph declares them.
#[derive(Clone)]
pub struct Outputs(Vec<(String, Tensor)>);

impl Outputs {
    pub(crate) fn new(outputs: impl Iterator<Item = (String, Tensor)>) -> Outputs {
        Outputs(outputs.collect())
    }

    /// The output of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, tensor)| tensor)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The only output.
    ///
    /// # Errors
    /// When there are several, with their names.
    pub fn only(self) -> Result<Tensor, super::RunError> {
        let names: Vec<_> = self.0.iter().map(|(name, _)| format!("`{name}`")).collect();
        let [(_, tensor)] = <[_; 1]>::try_from(self.0).map_err(|_| {
            super::RunError::new(format!(
                "the graph has {} outputs: {}",
                names.len(),
                names.join(", ")
            ))
            .help("take one by name: outputs[\"name\"]")
        })?;
        Ok(tensor)
    }
}

impl Index<&str> for Outputs {
    type Output = Tensor;

    /// # Panics
    /// When there is no such output; [`Outputs::get`] asks.
    fn index(&self, name: &str) -> &Tensor {
        self.get(name).unwrap_or_else(|| {
            let names: Vec<_> = self.iter().map(|(name, _)| name).collect();
            panic!(
                "there is no output `{name}`; there are {}",
                names.join(", ")
            )
        })
    }
}

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, tensor)) in self.iter().enumerate() {
            let break_ = if index == 0 { "" } else { "\n" };
            write!(f, "{break_}{name}: {tensor}")?;
        }
        Ok(())
    }
}
