-- What the network said, which moves nothing.
UPDATE command SET detail = %(detail)s WHERE command_id = %(command_id)s
