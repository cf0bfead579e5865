// Asks PostgreSQL and the PostgreSQL face the same by pgx and lib/pq, and prints both answers of each question.
//
// Order, as JSON on stdin: {"postgres": url, "face": url}. PostgreSQL has the rows in `whole`, of the face they are the
// dataset `kinds`, of the columns of that table.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
)

const columns = "time, id, b, i2, i8, f4, f8, n, t, v, c, d, ts, tm, iv, u, by, j, jb, ia, ta, m, ip"

var order struct{ Postgres, Face string }
var background = context.Background()

type answer struct {
	Name     string `json:"name"`
	Postgres string `json:"postgres"`
	Face     string `json:"face"`
}

var answers []answer

func note(name string, ask func(url, table string) (any, error)) {
	given := make([]string, 0, 2)
	for _, side := range [][2]string{{order.Postgres, "whole"}, {order.Face, "kinds"}} {
		found, err := ask(side[0], side[1])
		if err != nil {
			given = append(given, "Error: "+err.Error())
			continue
		}
		written, err := json.Marshal(found)
		if err != nil {
			written = []byte("Error: " + err.Error())
		}
		given = append(given, strings.ReplaceAll(string(written), "whole", "kinds"))
	}
	answers = append(answers, answer{name, given[0], given[1]})
}

func byPgx(name string, mode pgx.QueryExecMode, ask func(db *pgx.Conn, table string) (any, error)) {
	note("pgx, "+mode.String()+": "+name, func(url, table string) (any, error) {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			return nil, err
		}
		config.DefaultQueryExecMode = mode
		db, err := pgx.ConnectConfig(background, config)
		if err != nil {
			return nil, err
		}
		defer db.Close(background)
		return ask(db, table)
	})
}

// Every value as Go has it, with its type.
func rowsOf(rows pgx.Rows, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all [][]string
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for index, value := range values {
			row[index] = fmt.Sprintf("%T %v", value, value)
		}
		all = append(all, row)
	}
	fields := make([]string, 0)
	for _, field := range rows.FieldDescriptions() {
		fields = append(fields, fmt.Sprintf("%s %d %d", field.Name, field.DataTypeOID, field.TypeModifier))
	}
	return map[string]any{"fields": fields, "rows": all, "tag": rows.CommandTag().String()}, rows.Err()
}

var midnight = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func allTypes(db *pgx.Conn, table string) (any, error) {
	return rowsOf(db.Query(background, "select "+columns+" from "+table+" order by id"))
}

func parameters(db *pgx.Conn, table string) (any, error) {
	return rowsOf(db.Query(background,
		"select id, n, t from "+table+" where id = $1 and n = $2 and t = $3 and d = $4 and time > $5",
		5, "5.625", "té5", midnight.AddDate(0, 0, 5), midnight))
}

func arrays(db *pgx.Conn, table string) (any, error) {
	return rowsOf(db.Query(background,
		"select id from "+table+" where id = any($1) or t = any($2) order by id",
		[]int32{1, 2}, []string{"té5", `q"\`}))
}

func again(db *pgx.Conn, table string) (any, error) {
	var last any
	for id := range 7 {
		found, err := rowsOf(db.Query(background, "select i8, f8, iv from "+table+" where id = $1", id))
		if err != nil {
			return nil, err
		}
		last = found
	}
	return last, nil
}

func failing(db *pgx.Conn, table string) (any, error) {
	var states []string
	for _, text := range []string{"select nothing from " + table, "selec 1", "select 1 / 0"} {
		_, err := db.Exec(background, text)
		var told *pgconn.PgError
		if !errors.As(err, &told) {
			return nil, fmt.Errorf("%s was not refused: %w", text, err)
		}
		states = append(states, told.Code)
	}
	var one int
	err := db.QueryRow(background, "select 1").Scan(&one)
	return append(states, fmt.Sprint(one)), err
}

func batched(db *pgx.Conn, table string) (any, error) {
	batch := &pgx.Batch{}
	batch.Queue("select count(*) from " + table)
	batch.Queue("select max(id) from "+table+" where id < $1", 20)
	batch.Queue("select m, ta from "+table+" where id = $1", 3)
	results := db.SendBatch(background, batch)
	defer results.Close()
	var all []any
	for range 3 {
		found, err := rowsOf(results.Query())
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, results.Close()
}

func withCursor(db *pgx.Conn, table string) (any, error) {
	tx, err := db.BeginTx(background, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(background)
	if _, err := tx.Exec(background, "declare part cursor for select "+columns+" from "+table+" order by id"); err != nil {
		return nil, err
	}
	var all []any
	for _, text := range []string{"fetch 3 from part", "move 30 in part", "fetch all from part", "close part"} {
		found, err := rowsOf(tx.Query(background, text))
		if err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, tx.Commit(background)
}

func copied(db *pgx.Conn, table string) (any, error) {
	var out bytes.Buffer
	tag, err := db.PgConn().CopyTo(background, &out, "copy (select "+columns+" from "+table+" order by id) to stdout (format csv, header)")
	return []string{out.String(), tag.String()}, err
}

func described(db *pgx.Conn, table string) (any, error) {
	found, err := db.Prepare(background, "one", "select id, n, m, ta from "+table+" where n > $1 and t = $2 and time < $3")
	if err != nil {
		return nil, err
	}
	return []any{found.ParamOIDs, found.Fields[0].DataTypeOID, found.Fields[1].DataTypeOID, found.Fields[2].DataTypeOID, found.Fields[3].DataTypeOID}, nil
}

func cancelled(db *pgx.Conn, table string) (any, error) {
	soon, stop := context.WithTimeout(background, time.Second)
	defer stop()
	crossed := "select count(*) from " + table
	for alias := range 6 {
		crossed += fmt.Sprintf(" cross join %s x%d", table, alias)
	}
	_, err := db.Exec(soon, crossed)
	return errors.Is(err, context.DeadlineExceeded), nil
}

// Lent by a pool, given back, and lent again.
func pooled(url, table string) (any, error) {
	pool, err := pgxpool.New(background, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	var counts []int64
	for range 5 {
		var count int64
		if err := pool.QueryRow(background, "select count(*) from "+table+" where id > $1", 3).Scan(&count); err != nil {
			return nil, err
		}
		counts = append(counts, count)
	}
	return counts, pool.Ping(background)
}

func byDatabaseSql(name, driver string) {
	note(name, func(url, table string) (any, error) {
		db, err := sql.Open(driver, url)
		if err != nil {
			return nil, err
		}
		defer db.Close()
		statement, err := db.Prepare("select time, id, b, i8, f8, n, t, ts, d, iv::text, by, ta from " + table + " where id >= $1 and time >= $2 order by id")
		if err != nil {
			return nil, err
		}
		defer statement.Close()
		// As a text lib/pq writes all its digits.
		rows, err := statement.Query(4, midnight.Add(123_456_789))
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		types, err := rows.ColumnTypes()
		if err != nil {
			return nil, err
		}
		var all []string
		for _, column := range types {
			all = append(all, column.Name()+" "+column.DatabaseTypeName())
		}
		for rows.Next() {
			values := make([]any, len(types))
			places := make([]any, len(types))
			for index := range values {
				places[index] = &values[index]
			}
			if err := rows.Scan(places...); err != nil {
				return nil, err
			}
			for index, value := range values {
				if at, isTime := value.(time.Time); isTime {
					values[index] = at.UTC().Format(time.RFC3339Nano)
				}
			}
			all = append(all, fmt.Sprintf("%v", values))
		}
		return all, rows.Err()
	})
}

func main() {
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		panic(err)
	}
	modes := []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol}
	for _, mode := range modes {
		byPgx("all types", mode, allTypes)
		byPgx("parameters", mode, parameters)
		byPgx("arrays", mode, arrays)
		byPgx("the same again and again", mode, again)
		byPgx("errors", mode, failing)
		byPgx("a batch", mode, batched)
		byPgx("a cursor", mode, withCursor)
	}
	byPgx("copy", modes[0], copied)
	byPgx("a description", modes[0], described)
	byPgx("cancelling", modes[0], cancelled)
	note("pgxpool", pooled)
	note("as Grafana uses pgx", asGrafana)
	_ = stdlib.GetDefaultDriver()
	byDatabaseSql("database/sql by pgx", "pgx")
	_ = pq.Driver{}
	byDatabaseSql("database/sql by lib/pq", "postgres")
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
