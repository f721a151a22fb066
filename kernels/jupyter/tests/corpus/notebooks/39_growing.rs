// A program that grows cell by cell: a small bank.

// %%
use std::collections::BTreeMap;
use std::fmt;
//.

// %%
#[derive(Debug, Clone, PartialEq)]
enum BankError { NoAccount(String), TooLittle { has: u64, needs: u64 } }
impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccount(name) => write!(f, "no account of {name}"),
            Self::TooLittle { has, needs } => write!(f, "has {has}, needs {needs}"),
        }
    }
}
impl std::error::Error for BankError {}
//.

// %%
#[derive(Debug, Default)]
struct Bank { accounts: BTreeMap<String, u64> }
//.

// %%
impl Bank {
    fn deposit(&mut self, name: &str, amount: u64) -> &mut Self {
        *self.accounts.entry(name.into()).or_default() += amount;
        self
    }
}
let mut bank = Bank::default();
bank.deposit("Ann", 100).deposit("Bob", 50);
//.

// %%
bank
//= Bank { accounts: {"Ann": 100, "Bob": 50} }

// %%
impl Bank {
    fn withdraw(&mut self, name: &str, amount: u64) -> Result<u64, BankError> {
        let has = self.accounts.get_mut(name).ok_or_else(|| BankError::NoAccount(name.into()))?;
        *has = has.checked_sub(amount).ok_or(BankError::TooLittle { has: *has, needs: amount })?;
        Ok(*has)
    }
}
bank.withdraw("Ann", 30)
//= Ok(70)

// %%
bank.withdraw("Ann", 500)?
//! Error: has 70, needs 500

// %%
bank.withdraw("Eve", 1)?
//! Error: no account of Eve

// %%
impl Bank {
    fn transfer(&mut self, from: &str, to: &str, amount: u64) -> Result<(), BankError> {
        self.withdraw(from, amount)?;
        self.deposit(to, amount);
        Ok(())
    }
    fn total(&self) -> u64 { self.accounts.values().sum() }
}
bank.transfer("Ann", "Bob", 20)?;
(bank.total(), &bank.accounts["Bob"])
//= (120, 70)

// %%
let history: Vec<Result<(), BankError>> = vec![bank.transfer("Bob", "Ann", 10), bank.transfer("Bob", "Zoe", 1000)];
//.

// %%
history.iter().filter(|r| r.is_err()).count()
//= 1

// %%
impl Bank {
    fn deposit(&mut self, name: &str, amount: u64) -> &mut Self {
        println!("{name} gets {amount}");
        *self.accounts.entry(name.into()).or_default() += amount;
        self
    }
}
bank.transfer("Bob", "Ann", 5)?;
//> Ann gets 5

// %%
bank.total()
//= 120
