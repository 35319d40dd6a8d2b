import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MountedSecret } from "../core/jobs/inputs.ts";
import { labelList, secretName, secretRole } from "./swarm-service.ts";

/** A Swarm secret and the file it is mounted as. */
export interface SecretFile {
  id: pulumi.Output<string>;
  name: string;
  file: string;
}

/** A secret: `key` is its setting, `file` its file under /run/secrets. */
export interface SecretArgs {
  prefix: string;
  key: string;
  file: string;
}

/**
 * Makes a Swarm secret. Its value is encrypted in the state; containers get it as a file.
 * @param owner the name of the component it belongs to
 */
export function secretFile(
  owner: string,
  { prefix, key, file }: SecretArgs,
  value: string,
  parent: pulumi.Resource,
): SecretFile {
  const name = secretName(prefix, key, value);
  // With its digits: a new value is a new resource, which services mount before the old one is deleted.
  const role = secretRole(prefix, key, value);
  const resource = new docker.Secret(
    role.startsWith(`${owner}-`) ? role : `${owner}-${role}`,
    {
      name,
      data: pulumi.secret(Buffer.from(value, "utf8").toString("base64")),
      labels: labelList(prefix, "secret"),
    },
    // Up to 0.2.0 the resource had the secret's own name.
    { parent, aliases: [{ name }] },
  );
  return { id: resource.id, name, file };
}

/** How a service mounts a secret: readable by its user alone. */
export function mountSecret(secret: SecretFile, user: string) {
  const [uid = "0", gid = uid] = user.split(":");
  return {
    secretId: secret.id,
    secretName: secret.name,
    fileName: `/run/secrets/${secret.file}`,
    fileUid: uid,
    fileGid: gid,
    fileMode: 0o400,
  };
}

/** How a job refers to a secret: by id and name, never by value. */
export function describeSecret(secret: SecretFile): pulumi.Output<MountedSecret> {
  return secret.id.apply((id) => ({ id, name: secret.name, file: secret.file }));
}
