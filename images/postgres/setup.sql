-- Run at every start, over the local socket, before the port opens. Brings the application's role, password and
-- database to what the environment says; running it again changes nothing but the password.
-- Variables role and database come from the entrypoint. The password is read from its file by psql itself, so that it is
-- in no process listing; no statement of this session may reach the log.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

\set password `cat "$POSTGRES_PASSWORD_FILE"`

SELECT format('CREATE ROLE %I', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec

SELECT format('ALTER ROLE %I LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', :'role', :'password') \gexec

SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
