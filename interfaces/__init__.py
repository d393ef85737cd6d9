"""How the outside reaches Annals: REST and the terminal. Composition happens in one module here."""
