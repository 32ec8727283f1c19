// Names of variables that the agent never lets tasks set.

const NAMES = {
  agent:
    'acceptteeeula builddirectory cloudid containerid containermapping containernetwork diagnostic gituseschannel ' +
    'homedirectory id isselfhosted jobname jobstatus machinename name os osarchitecture osversion proxybypasslist ' +
    'proxypassword proxyurl proxyusername readonlyvariables retaindefaultencoding rootdirectory runmode ' +
    'serveromdirectory services cainfo clientcert clientcertarchive clientcertkey clientcertpassword ' +
    'skipcertvalidation tempdirectory toolsdirectory version workfolder workingdirectory clean.builddirectory ' +
    'source.git.lfs source.git.shallowfetchdepth source.skip releasedirectory',
  build:
    'artifactstagingdirectory binariesdirectory clean definitionname gated.runci gated.shelvesetname buildnumber ' +
    'repository.clean repository.git.submodulecheckout repository.id repository.localpath repository.name ' +
    'repository.provider repository.tfvc.workspace repository.uri sourcebranch sourcetfvcshelveset sourceversion ' +
    'sourceversionmessage sourcesdirectory stagingdirectory syncsources useserverworkspaces',
  common: 'testresultsdirectory',
  pipeline: 'workspace',
  release:
    'attemptnumber disablerobocopy definitionid definitionname releasedescription artifact.download.buffersize ' +
    'environmentname environmenturi releaseid releasename artifact.download.parallellimit requestedforid releaseuri ' +
    'releaseweburl requestedfor robocopymt skipartifactsdownload',
  system:
    'accesstoken artifactsdirectory collectionid culture debug defaultworkingdirectory definitionid definitionname ' +
    'enableaccesstoken hosttype jobattempt jobdisplayname jobid jobname phaseattempt phasedisplayname phasename planid ' +
    'prefergitfrompath pullrequest.targetbranch selfmanagegitcreds servertype sourceversionmessage stageattempt ' +
    'stagedisplayname stagename teamfoundationserveruri teamproject teamprojectid workfolder',
  task: 'displayname skiptranslatorforcheckout',
};

const READ_ONLY = new Set(
  Object.entries(NAMES).flatMap(([family, names]) => names.split(' ').map((name) => `${family}.${name}`)),
);

/** @param {string} name */
export const isReadOnlyByName = (name) => READ_ONLY.has(name.toLowerCase());
