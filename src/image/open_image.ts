import { badInput } from "../errors.ts";
import { archiveManifestPath, openDockerArchive } from "./docker_archive.ts";
import type { Image } from "./image.ts";
import type { ImageFiles } from "./image_files.ts";
import { defaultImageLimits, type ImageLimits } from "./limits.ts";
import { layoutIndexPath, openOciLayout } from "./oci_layout.ts";
import type { RandomAccessSource } from "./source.ts";
import { openTarFiles } from "./tar_files.ts";

export interface OpenImageOptions {
  /** Which image, when there are several: a name such as "busybox:latest". */
  readonly reference?: string | undefined;
  readonly limits?: Partial<ImageLimits> | undefined;
}

/** Opens an image that is one file: what `docker save` writes, or an OCI layout as a tar; either may be compressed. */
export async function openImageArchive(source: RandomAccessSource, options: OpenImageOptions = {}): Promise<Image> {
  return await openImage(await openTarFiles(source, { ...defaultImageLimits, ...options.limits }), options);
}

/** Opens an image that is a set of files: an OCI layout or an unpacked docker archive. */
export async function openImage(files: ImageFiles, options: OpenImageOptions = {}): Promise<Image> {
  const limits = { ...defaultImageLimits, ...options.limits };
  // `docker save` writes both since version 25; only the layout says what sizes and digests the blobs must have.
  if (await files.size(layoutIndexPath) !== undefined) return await openOciLayout(files, options.reference, limits);
  if (await files.size(archiveManifestPath) !== undefined) {
    return await openDockerArchive(files, options.reference, limits);
  }
  throw badInput(`not a container image: it has neither ${layoutIndexPath} nor ${archiveManifestPath}`, {
    file: files.name,
  });
}
