"""Where data comes from: one `<source>.yml` per source, the frozen model of that file, the catalog that loads them."""
