-- The target of the demo, and the logins that use it. Run once, when the server's volume is empty.

CREATE DATABASE dw;

CREATE TABLE dw.orders (
  id BIGINT NOT NULL PRIMARY KEY,
  customer_id BIGINT NOT NULL,
  status VARCHAR(32) NOT NULL,
  amount DECIMAL(12, 2) NOT NULL,
  created_at DATETIME NOT NULL
);

-- The JDBC sink writes rows. It may not change the table: `schema.evolution` is none.
CREATE USER 'sink'@'%' IDENTIFIED BY 'sink';
GRANT SELECT, INSERT, UPDATE, DELETE ON dw.* TO 'sink'@'%';

-- The watchdog only reads columns here.
CREATE USER 'watchdog'@'%' IDENTIFIED BY 'watchdog';
GRANT SELECT ON dw.* TO 'watchdog'@'%';
