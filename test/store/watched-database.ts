/** A database with somebody who counts what is asked of it: rows and statements. */
import type { Statement } from '../../src/store/sqlite/connection.ts';
import type { Database } from '../../src/store/sqlite/database.ts';

export interface Asked {
  /** Rows that were read or changed, in sum and by the largest question of all. */
  rows: number;
  mostAtOnce: number;
  readonly sql: Set<string>;
}

/** The same database. What works again is not told of. */
export function watched(database: Database): { readonly database: Database; readonly asked: Asked } {
  const asked: Asked = { rows: 0, mostAtOnce: 0, sql: new Set() };
  const statement = (sql: string): Statement => {
    const real = database.statement(sql);
    const count = (rows: number): void => {
      asked.sql.add(sql);
      asked.rows += rows;
      asked.mostAtOnce = Math.max(asked.mostAtOnce, rows);
    };
    return {
      get: (...values) => {
        count(1);
        return real.get(...values);
      },
      all: (...values) => {
        const rows = real.all(...values);
        count(rows.length);
        return rows;
      },
      run: (...values) => {
        const changes = real.run(...values);
        count(changes);
        return changes;
      },
    };
  };
  const same: Database = {
    file: database.file,
    get sqlite() {
      return database.sqlite;
    },
    statement,
    ask: (question) => database.ask(question),
    together: (work) => database.together(work),
    patiently: (work) => database.patiently(work),
    fault: () => database.fault(),
    onWorking: () => undefined,
    close: () => database.close(),
  };
  return { database: same, asked };
}
