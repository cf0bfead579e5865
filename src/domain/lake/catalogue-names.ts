/** Where the lake's tables are found in a catalogue: as the views of migration 0019 say it. */

export const CATALOGUE = 'tierd';
export const NAMESPACE = 'lake';
