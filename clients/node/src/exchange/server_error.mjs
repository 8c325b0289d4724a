// Reads the error of an identity provider's answer, and says whether it is about the proof.
import { readChallenges } from './http_answer.mjs';
import { parseJsonObject, stringMember } from './json_object.mjs';

// With these codes a refusal may be of the proof, though the code does not say so.
const CODES_TO_EXPLAIN = ['invalid_request', 'invalid_token', 'invalid_client', 'unauthorized_client', 'access_denied'];

function errorOfBody(body) {
  const object = parseJsonObject(body) ?? {};
  return { code: stringMember(object, 'error'), description: stringMember(object, 'error_description') };
}

// Returns the error of the first challenge of a scheme that has one.
function errorOfChallenge(challenges, scheme) {
  const challenge = challenges.find((candidate) => candidate.scheme === scheme && candidate.parameters.get('error'));
  const parameters = challenge?.parameters ?? new Map();
  return { code: parameters.get('error') ?? '', description: parameters.get('error_description') ?? '' };
}

// Returns { code, description, challenges }; code '' if there is no error that can be read. At a resource the
// challenges come before the body, which web frameworks fill as they like.
export function readServerError(answer, body, isResource) {
  const challenges = readChallenges(answer);
  const sources = [errorOfChallenge(challenges, 'dpop'), errorOfChallenge(challenges, 'bearer')];
  if (isResource) sources.push(errorOfBody(body));
  else sources.unshift(errorOfBody(body));
  const { code, description } = sources.find((source) => source.code) ?? { code: '', description: '' };
  return { code, description, challenges };
}

// Returns whether the description of a general code names DPoP.
export function namesProof({ code, description }) {
  return CODES_TO_EXPLAIN.includes(code) && /dpop/i.test(description);
}

// Returns whether a DPoP challenge lists algorithms, and not `algorithm`.
export function takesOtherAlgorithms({ challenges }, algorithm) {
  return challenges.some(({ scheme, parameters }) => {
    const algorithms = scheme === 'dpop' ? parameters.get('algs')?.match(/[^ ]+/g) : undefined;
    return algorithms && !algorithms.includes(algorithm);
  });
}
