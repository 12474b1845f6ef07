"""An independent oracle: the rules of the replay paper, told once more without any code of the project."""
