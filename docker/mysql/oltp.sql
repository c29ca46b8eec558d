-- The source of the demo, and the logins that read it. Run once, when the server's volume is empty.

CREATE DATABASE oltp;

CREATE TABLE oltp.orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(64) NOT NULL,
  amount DECIMAL(10, 2) NOT NULL,
  status VARCHAR(16) NOT NULL DEFAULT 'NEW',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO oltp.orders (customer, amount) VALUES
  ('An', 120.50), ('Binh', 80.00), ('Chi', 15.25), ('Dung', 999.99), ('Em', 42.00);

-- What Debezium's MySQL connector needs: its first copy, then the binlog.
CREATE USER 'debezium'@'%' IDENTIFIED BY 'dbz';
GRANT SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'debezium'@'%';

-- The watchdog reads: columns, where the binlog begins and ends, who ran a statement. It never writes here.
CREATE USER 'watchdog'@'%' IDENTIFIED BY 'watchdog';
GRANT SELECT ON oltp.* TO 'watchdog'@'%';
GRANT REPLICATION CLIENT ON *.* TO 'watchdog'@'%';
GRANT SELECT ON performance_schema.* TO 'watchdog'@'%';
