package main

import "github.com/jackc/pgx/v5/pgxpool"

type told struct {
	Tag    string
	Fields [][]any
	Rows   [][]string
}

// As Grafana's data source uses pgx: a connection out of a pool, a text of statements by the simple protocol, and every
// value as the text that came.
func asGrafana(url, table string) (any, error) {
	pool, err := pgxpool.New(background, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if err := pool.Ping(background); err != nil {
		return nil, err
	}
	var all []told
	for _, sql := range []string{
		`select floor(extract(epoch from time)/2.592e+06)*2.592e+06 AS "time", t as metric, avg(n) as value from ` + table + ` where time BETWEEN '2024-01-05T00:00:00.123456789Z' AND '2024-02-05T00:00:00Z' group by 1, 2 order by 1, 2`,
		"select " + columns + " from " + table + " order by id",
		"select id from " + table + " where id < 3 order by id; select id from " + table + " where id > 38 order by id; -- all",
	} {
		connection, err := pool.Acquire(background)
		if err != nil {
			return nil, err
		}
		results, err := connection.Conn().PgConn().Exec(background, sql).ReadAll()
		connection.Release()
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			one := told{Tag: result.CommandTag.String()}
			for _, field := range result.FieldDescriptions {
				one.Fields = append(one.Fields, []any{field.Name, field.DataTypeOID, field.DataTypeSize, field.TypeModifier, field.Format})
			}
			for _, row := range result.Rows {
				var texts []string
				for _, value := range row {
					texts = append(texts, textOf(value))
				}
				one.Rows = append(one.Rows, texts)
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func textOf(value []byte) string {
	if value == nil {
		return "null"
	}
	return string(value)
}
