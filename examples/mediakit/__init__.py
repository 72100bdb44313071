"""Makes the demo's media from nothing: painted pictures, synthesised sounds, small clips and written texts."""
