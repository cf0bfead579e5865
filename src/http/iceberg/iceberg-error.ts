/** Errors below `/iceberg`, as its clients read them: they tell by the type what is missing, and fail on any other body. */

/** Where the catalogue is; everything below answers in this way. */
export const ICEBERG_ROOT = '/iceberg';

/** By HTTP status, where nobody says more: those of the specification. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestException',
  401: 'NotAuthorizedException',
  403: 'ForbiddenException',
  404: 'NotFoundException',
  405: 'UnsupportedOperationException',
  503: 'ServiceUnavailableException',
};

export interface IcebergError {
  readonly error: { readonly message: string; readonly type: string; readonly code: number };
}

export function icebergError(code: number, message: string, type = TYPES[code]): IcebergError {
  return { error: { message, type: type ?? 'InternalServerError', code } };
}
