UPDATE history SET tidied_on = NULL
