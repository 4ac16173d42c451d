"""What every other package may ask: the environment, names of connections and assets, paths and closed vocabularies."""
