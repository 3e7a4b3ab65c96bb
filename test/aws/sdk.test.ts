import { awsFailure, placeOfArn, queueArn } from '../../shared/aws/sdk.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import { refusals, sdkError } from './sdk.ts'

const asked = { action: 'sns:Publish', resource: 'arn:aws:sns:eu-west-1:1:redeye-dev' }

test.each(refusals)('%s', (_, error, expected) => {
  const failure = awsFailure(error, asked)
  expect(failure).toMatchObject(expected)
  expect(failure.message).toContain('sns:Publish on arn:aws:sns:eu-west-1:1:redeye-dev')
  expect(failure.cause).toBe(error)
})

test('what is refused names the action, the resource and how to grant it', () => {
  const { remedy } = awsFailure(sdkError('AccessDenied', '', 403), asked)
  expect(remedy).toContain('allow sns:Publish on arn:aws:sns:eu-west-1:1:redeye-dev in the role')
})

test('what does not exist is what a deployment makes', () => {
  expect(awsFailure(sdkError('NotFoundException', '', 404), asked)).toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringContaining('there is no arn:aws:sns'),
    remedy: expect.stringContaining('sls deploy'),
  })
})

test('what fails otherwise has the code that the adapter says, and may pass', () => {
  expect(awsFailure(sdkError('InternalError'), asked, 'LAKE_FAILED')).toMatchObject({ code: 'LAKE_FAILED', failure: 'transient' })
  expect(awsFailure('a text', asked)).toMatchObject({ code: 'AWS_FAILED', message: expect.stringContaining('a text') })
})

test('an error of our own stays as it is', () => {
  const own = new RedeyeError('BAD_EVENT', 'x')
  expect(awsFailure(own, asked)).toBe(own)
})

test('ARNs', () => {
  expect(placeOfArn('arn:aws-cn:iam::123456789012:role/a')).toEqual({ partition: 'aws-cn', region: '', account: '123456789012' })
  expect(queueArn('https://sqs.eu-west-1.amazonaws.com/123456789012/letters', 'eu-west-1')).toBe(
    'arn:aws:sqs:eu-west-1:123456789012:letters',
  )
})
