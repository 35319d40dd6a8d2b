/** Values that must not appear in plain text anywhere. */
export const secretValues = {
  databasePassword: "p@ss/w%41rd?#: of the database",
  edgeToken: "token-of-the-edge",
  adminPassword: "password-of-the-admin",
} as const;

/** Settings of the demo system as Pulumi passes them: both colors, blue active. */
export const validConfig: Readonly<Record<string, string>> = {
  system: "cleaning",
  activeColor: "blue",
  versions: JSON.stringify({ blue: "1.0.0", green: "1.1.0" }),
  ports: JSON.stringify({ public: 18080, preview: 18081 }),
  secrets: JSON.stringify(secretValues),
};
