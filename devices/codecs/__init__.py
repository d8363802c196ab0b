"""One module for each device family; `devices.catalogue` names them all."""
