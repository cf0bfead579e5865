//! Asks PostgreSQL and the PostgreSQL face the same by tokio-postgres, and prints both answers of each question.
//!
//! The two URLs are read from stdin, a line each. PostgreSQL has the rows in `whole`, of the face they are the dataset
//! `kinds`, of the columns of that table.

use std::error::Error;
use std::io::{Read, stdin};
use std::time::{Duration, SystemTime};

use postgres::types::{FromSql, Type};
use postgres::{Client, NoTls, Row, SimpleQueryMessage};
use serde_json::{Value, json};

const COLUMNS: &str = "time, id, b, i2, i8, f4, f8, n, t, v, c, d, ts, tm, iv, u, by, j, jb, ia, ta, m, ip";

type Answer = Result<String, Box<dyn Error>>;

/// A value as it came: its type, and its bytes.
struct Raw(String);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(of: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(format!("{of} {bytes:02x?}")))
    }

    fn from_sql_null(of: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(format!("{of} null")))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn shown(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        for (at, column) in row.columns().iter().enumerate() {
            lines.push(format!("{} {}", column.name(), row.get::<_, Raw>(at).0));
        }
    }
    lines.join("\n")
}

struct Both {
    urls: [String; 2],
    answers: Vec<Value>,
}

impl Both {
    fn note(&mut self, name: &str, ask: impl Fn(&mut Client, &str) -> Answer) {
        let given: Vec<String> = self
            .urls
            .iter()
            .zip(["whole", "kinds"])
            .map(|(url, table)| {
                let asked = Client::connect(url, NoTls)
                    .map_err(Into::into)
                    .and_then(|mut db| ask(&mut db, table));
                asked.unwrap_or_else(|error| format!("Error: {error:?}")).replace("whole", "kinds")
            })
            .collect();
        self.answers.push(json!({ "name": format!("tokio-postgres: {name}"), "postgres": given[0], "face": given[1] }));
    }
}

fn all_types(db: &mut Client, table: &str) -> Answer {
    Ok(shown(&db.query(&format!("select {COLUMNS} from {table} order by id"), &[])?))
}

fn parameters(db: &mut Client, table: &str) -> Answer {
    let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    let sql = format!("select id, n, t from {table} where id = $1 and i8 = $2 and t = $3 and f8 > $4 and time > $5 and b = $6");
    Ok(shown(&db.query(&sql, &[&5_i32, &50_000_000_000_i64, &"té5", &0.5_f64, &from, &false])?))
}

fn arrays(db: &mut Client, table: &str) -> Answer {
    let texts = vec![Some("té5"), None, Some("q\"\\")];
    let sql = format!("select id from {table} where id = any($1) or t = any($2) order by id");
    Ok(shown(&db.query(&sql, &[&vec![1_i32, 2], &texts])?))
}

fn described(db: &mut Client, table: &str) -> Answer {
    let one = db.prepare(&format!("select id, n, m, ta, iv, ip from {table} where n > $1 and t = $2 and time < $3"))?;
    let columns: Vec<String> = one.columns().iter().map(|column| format!("{} {}", column.name(), column.type_())).collect();
    Ok(format!("{:?} {columns:?}", one.params()))
}

fn again(db: &mut Client, table: &str) -> Answer {
    let one = db.prepare(&format!("select i8, f8, iv from {table} where id = $1"))?;
    let mut all = String::new();
    for id in 1..9 {
        all += &shown(&db.query(&one, &[&id])?);
    }
    Ok(all)
}

fn portals(db: &mut Client, table: &str) -> Answer {
    let mut transaction = db.transaction()?;
    let forth = transaction.bind(&format!("select {COLUMNS} from {table} order by id"), &[])?;
    let back = transaction.bind(&format!("select id from {table} order by id desc"), &[])?;
    let mut all = String::new();
    for most in [3, 7, 0] {
        all += &shown(&transaction.query_portal(&forth, most)?);
        all += &shown(&transaction.query_portal(&back, most)?);
    }
    transaction.commit()?;
    Ok(all)
}

fn cursor(db: &mut Client, table: &str) -> Answer {
    let mut transaction = db.transaction()?;
    transaction.execute(&format!("declare part cursor for select {COLUMNS} from {table} order by id"), &[])?;
    let mut all = shown(&transaction.query("fetch 3 from part", &[])?);
    all += &transaction.execute("move 30 in part", &[])?.to_string();
    all += &shown(&transaction.query("fetch all from part", &[])?);
    transaction.commit()?;
    Ok(all)
}

fn nested(db: &mut Client, table: &str) -> Answer {
    let mut transaction = db.transaction()?;
    let mut inner = transaction.savepoint("before")?;
    let failed = inner.query(&format!("select nothing from {table}"), &[]).is_err();
    inner.rollback()?;
    let counted = shown(&transaction.query(&format!("select count(*) from {table}"), &[])?);
    transaction.commit()?;
    Ok(format!("{failed} {counted}"))
}

fn copied(db: &mut Client, table: &str) -> Answer {
    let mut out = Vec::new();
    db.copy_out(&format!("copy (select {COLUMNS} from {table} order by id) to stdout (format binary)"))?.read_to_end(&mut out)?;
    Ok(format!("{out:02x?}"))
}

fn simply(db: &mut Client, table: &str) -> Answer {
    let mut all = Vec::new();
    for message in db.simple_query(&format!("select {COLUMNS} from {table} order by id; select 1; show timezone"))? {
        all.push(match message {
            SimpleQueryMessage::Row(row) => (0..row.len()).map(|at| row.get(at).unwrap_or("null")).collect::<Vec<_>>().join(" | "),
            SimpleQueryMessage::CommandComplete(rows) => format!("{rows} rows"),
            SimpleQueryMessage::RowDescription(columns) => columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", "),
            _ => "another".to_string(),
        });
    }
    Ok(all.join("\n"))
}

fn errors(db: &mut Client, table: &str) -> Answer {
    let mut states = Vec::new();
    for sql in [&format!("select nothing from {table}"), "selec 1", "select 1 / 0"] {
        let told = db.query(sql, &[]).err().and_then(|error| error.code().cloned());
        states.push(told.map(|state| state.code().to_string()));
    }
    Ok(format!("{states:?} {}", shown(&db.query("select 1", &[])?)))
}

fn cancelled(db: &mut Client, table: &str) -> Answer {
    let token = db.cancel_token();
    let waiting = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        token.cancel_query(NoTls).is_ok()
    });
    let crossed: String = (0..6).map(|at| format!(" cross join {table} x{at}")).collect();
    let told = db.query(&format!("select count(*) from {table}{crossed}"), &[]).err();
    let state = told.and_then(|error| error.code().map(|code| code.code().to_string()));
    Ok(format!("{state:?} {:?}", waiting.join().is_ok()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut order = String::new();
    stdin().read_to_string(&mut order)?;
    let mut urls = order.lines().map(str::to_string);
    let mut next = || urls.next().ok_or("two URLs are needed");
    let mut both = Both { urls: [next()?, next()?], answers: Vec::new() };
    both.note("all types", all_types);
    both.note("parameters", parameters);
    both.note("arrays", arrays);
    both.note("a description", described);
    both.note("the same again and again", again);
    both.note("portals in turns", portals);
    both.note("a cursor", cursor);
    both.note("a savepoint", nested);
    both.note("copy", copied);
    both.note("the simple protocol", simply);
    both.note("errors", errors);
    both.note("cancelling", cancelled);
    println!("{}", Value::Array(both.answers));
    Ok(())
}
