-- A window is a small part of the journal, however small the planner believes that to be. The other lane has work, too.
SELECT set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)
