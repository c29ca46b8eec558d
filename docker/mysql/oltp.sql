-- The source of the demo, and the logins that read it. Run once, when the server's volume is empty.

CREATE DATABASE oltp;

CREATE TABLE oltp.orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT NOT NULL,
  status VARCHAR(32) NOT NULL,
  amount DECIMAL(12, 2) NOT NULL,
  created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);

INSERT INTO oltp.orders (customer_id, status, amount) VALUES
  (101, 'new', 19.90),
  (102, 'paid', 250.00),
  (103, 'shipped', 74.50);

-- What Debezium's MySQL connector needs: its first copy, then the binlog.
CREATE USER 'debezium'@'%' IDENTIFIED BY 'debezium';
GRANT SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'debezium'@'%';

-- The watchdog reads: columns, and where the binlog begins and ends. It never writes here.
CREATE USER 'watchdog'@'%' IDENTIFIED BY 'watchdog';
GRANT SELECT ON oltp.* TO 'watchdog'@'%';
GRANT REPLICATION CLIENT ON *.* TO 'watchdog'@'%';
