package src

// region twice
// endregion

// region twice
// endregion
