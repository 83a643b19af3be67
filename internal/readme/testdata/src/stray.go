package src

// endregion
