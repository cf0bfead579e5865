/*
 * Asks PostgreSQL and the PostgreSQL face the same by pgjdbc, and prints both answers of each question.
 *
 * The two URLs are read from stdin, a line each. PostgreSQL has the rows in `whole`, of the face they are the dataset
 * `kinds`, of the columns of that table.
 */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.postgresql.PGConnection;

public class FaceClients {
  static final String COLUMNS = "time, id, b, i2, i8, f4, f8, n, t, v, c, d, ts, tm, iv, u, by, j, jb, ia, ta, m, ip";
  static final List<String> answers = new ArrayList<>();
  static String postgres;
  static String face;

  interface Asked {
    Object ask(Connection db, String table) throws Exception;
  }

  static void note(String name, Asked asked) {
    List<String> given = new ArrayList<>();
    for (String url : List.of(postgres, face)) {
      try (Connection db = DriverManager.getConnection(url)) {
        String table = url.equals(face) ? "kinds" : "whole";
        given.add(String.valueOf(asked.ask(db, table)).replace("whole", "kinds"));
      } catch (Exception error) {
        given.add("Error: " + error);
      }
    }
    answers.add("{\"name\":" + quoted("pgjdbc: " + name) + ",\"postgres\":" + quoted(given.get(0)) + ",\"face\":" + quoted(given.get(1)) + "}");
  }

  static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char one : text.toCharArray()) {
      if (one == '"' || one == '\\') out.append('\\').append(one);
      else if (one < ' ') out.append(String.format("\\u%04x", (int) one));
      else out.append(one);
    }
    return out.append('"').toString();
  }

  static String rowsOf(ResultSet rows) throws SQLException {
    StringBuilder out = new StringBuilder();
    var about = rows.getMetaData();
    for (int at = 1; at <= about.getColumnCount(); at++) {
      out.append(about.getColumnLabel(at)).append(' ').append(about.getColumnTypeName(at)).append(' ').append(about.getColumnClassName(at));
      out.append(' ').append(about.getPrecision(at)).append(' ').append(about.getScale(at)).append('\n');
    }
    while (rows.next()) {
      for (int at = 1; at <= about.getColumnCount(); at++) {
        Object value = rows.getObject(at);
        if (value instanceof byte[] bytes) out.append(Arrays.toString(bytes)).append('\n');
        else out.append(value).append(" | ").append(rows.getString(at)).append('\n');
      }
    }
    return out.toString();
  }

  static String query(Connection db, String sql, Object... values) throws SQLException {
    try (PreparedStatement asked = db.prepareStatement(sql)) {
      for (int at = 0; at < values.length; at++) asked.setObject(at + 1, values[at]);
      try (ResultSet rows = asked.executeQuery()) {
        return rowsOf(rows);
      }
    }
  }

  public static void main(String[] none) throws Exception {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    postgres = in.readLine();
    face = in.readLine();
    note("all types", (db, table) -> query(db, "select " + COLUMNS + " from " + table + " order by id"));
    note("all types in binary", (db, table) -> {
      db.unwrap(PGConnection.class).setPrepareThreshold(-1);
      return query(db, "select " + COLUMNS + " from " + table + " order by id");
    });
    note("the same again and again", (db, table) -> {
      StringBuilder all = new StringBuilder();
      try (PreparedStatement asked = db.prepareStatement("select time, i8, f8, n, u, by, iv from " + table + " where id = ?")) {
        for (int id = 1; id <= 12; id++) {
          asked.setInt(1, id);
          try (ResultSet rows = asked.executeQuery()) {
            all.append(rowsOf(rows));
          }
        }
      }
      return all;
    });
    note("parameters", (db, table) -> query(db, "select id, n, t from " + table + " where id = ? and n = ? and t = ? and d = ? and time > ? and ts < ?",
        5, new BigDecimal("5.625"), "té5", Date.valueOf("2024-01-06"), OffsetDateTime.parse("2024-01-01T00:00:00Z"), Timestamp.valueOf("2024-02-01 00:00:00")));
    note("arrays", (db, table) -> {
      Array ids = db.createArrayOf("int4", new Object[] {1, 2});
      Array texts = db.createArrayOf("text", new Object[] {"té5", null, "q\"\\"});
      return query(db, "select id, ia, ta from " + table + " where id = any(?) or t = any(?) order by id", ids, texts);
    });
    note("some at a time", (db, table) -> {
      db.setAutoCommit(false);
      try (Statement asked = db.createStatement()) {
        asked.setFetchSize(7);
        try (ResultSet rows = asked.executeQuery("select " + COLUMNS + " from " + table + " order by id")) {
          return rowsOf(rows);
        }
      }
    });
    note("a cursor", (db, table) -> {
      db.setAutoCommit(false);
      StringBuilder all = new StringBuilder();
      try (Statement asked = db.createStatement()) {
        asked.execute("declare part cursor for select id, n, t from " + table + " order by id");
        for (String fetch : List.of("fetch 3 from part", "fetch all from part")) all.append(query(db, fetch));
        asked.execute("close part");
      }
      db.commit();
      return all;
    });
    note("errors", (db, table) -> {
      List<String> states = new ArrayList<>();
      for (String sql : List.of("select nothing from " + table, "selec 1", "select 1 / 0")) {
        try {
          query(db, sql);
          states.add("none");
        } catch (SQLException error) {
          states.add(error.getSQLState());
        }
      }
      return states + query(db, "select 1");
    });
    note("an error in a transaction", (db, table) -> {
      db.setAutoCommit(false);
      var before = db.setSavepoint("before");
      try {
        query(db, "select nothing from " + table);
      } catch (SQLException error) {
        db.rollback(before);
      }
      String counted = query(db, "select count(*) from " + table);
      db.rollback();
      return counted;
    });
    note("copy", (db, table) -> {
      StringWriter out = new StringWriter();
      long rows = db.unwrap(PGConnection.class).getCopyAPI().copyOut("copy (select " + COLUMNS + " from " + table + " order by id) to stdout (format csv, header)", out);
      return rows + " " + out;
    });
    note("a time limit", (db, table) -> {
      try (Statement asked = db.createStatement()) {
        asked.setQueryTimeout(1);
        StringBuilder crossed = new StringBuilder("select count(*) from " + table);
        for (int at = 0; at < 6; at++) crossed.append(" cross join ").append(table).append(" x").append(at);
        asked.executeQuery(crossed.toString());
        return "in time";
      } catch (SQLException error) {
        return error.getSQLState();
      }
    });
    note("columns by DatabaseMetaData", (db, table) -> rowsOf(db.getMetaData().getColumns(null, "public", "kinds", null)));
    note("keys by DatabaseMetaData", (db, table) -> rowsOf(db.getMetaData().getPrimaryKeys(null, "public", "kinds")));
    note("tables by DatabaseMetaData", (db, table) -> rowsOf(db.getMetaData().getTables(null, "public", "kinds", new String[] {"TABLE"})));
    note("types by DatabaseMetaData", (db, table) -> rowsOf(db.getMetaData().getTypeInfo()));
    note("indexes by DatabaseMetaData", (db, table) -> rowsOf(db.getMetaData().getIndexInfo(null, "public", "kinds", false, true)));
    System.out.println("[" + String.join(",", answers) + "]");
  }
}
