SELECT EXISTS (SELECT FROM fact_touched) AS touched
