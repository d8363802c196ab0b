-- Until when facts may be kept: quarters that are over for whoever receives frames.
SELECT quarter_of(least(as_of, %(now)s)) AS until FROM platform
