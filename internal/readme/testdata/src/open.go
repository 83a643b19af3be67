package src

// region open
var open = 1
