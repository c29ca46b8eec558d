-- The target of the demo, and the logins that use it. Run once, when the server's volume is empty.

CREATE DATABASE dw;

CREATE TABLE dw.orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(64) NOT NULL,
  amount DECIMAL(10, 2) NOT NULL,
  status VARCHAR(16) NOT NULL DEFAULT 'NEW',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

-- The JDBC sink writes rows. It may not change the table: `schema.evolution` is none.
CREATE USER 'dw'@'%' IDENTIFIED BY 'dw';
GRANT SELECT, INSERT, UPDATE, DELETE ON dw.* TO 'dw'@'%';

-- The watchdog only reads columns here.
CREATE USER 'watchdog'@'%' IDENTIFIED BY 'watchdog';
GRANT SELECT ON dw.* TO 'watchdog'@'%';
